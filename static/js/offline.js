/* The page that is shown in place of any other while there is no connection: it looks whether there is one. */

const LOOK_EVERY_MS = 5000;
const status = document.querySelector("[data-offline-status]");

const goOn = () => {
  if (location.pathname === "/offline/") location.replace("/");
  else location.reload();
};

const look = async () => {
  try {
    const answer = await fetch("/health/live/", { cache: "no-store" });
    if (answer.ok) goOn();
  } catch {
    status.textContent = `No connection at ${new Date().toLocaleTimeString()}.`;
  }
};

addEventListener("online", look);
setInterval(look, LOOK_EVERY_MS);
