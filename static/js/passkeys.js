/* Passkeys: asks the browser's authenticator and posts its answer. Forms say what with data attributes:
   data-passkey="get" or "create"; data-options, or data-options-url where to fetch them. */

const failures = {
  NotAllowedError: "That was cancelled, or took too long. Try again.",
  InvalidStateError: "This device has a passkey for your account already.",
  SecurityError: "Passkeys do not work at this address.",
};

const optionsOf = async (form) => {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const response = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`options answered ${response.status}`);
  return (await response.json()).request_options;
};

const tell = (form, text) => {
  const place = form.querySelector("[data-passkey-error]");
  place.textContent = text;
  place.hidden = !text;
};

const ask = async (form, button) => {
  tell(form, "");
  button.disabled = true;
  try {
    const options = await optionsOf(form);
    const answer = await window.webauthnJSON[form.dataset.passkey](options);
    form.elements.credential.value = JSON.stringify(answer);
    form.requestSubmit();
  } catch (error) {
    tell(form, failures[error.name] ?? "That did not work. Try again, or use another way.");
    button.disabled = false;
  }
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("[data-passkey-start]");
  if (window.PublicKeyCredential && window.webauthnJSON) {
    button.disabled = false;
    button.addEventListener("click", () => {
      if (form.reportValidity()) ask(form, button);
    });
  } else {
    tell(form, "This browser does not know passkeys.");
  }
}
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("[data-passkey-start]")) button.disabled = false;
});
