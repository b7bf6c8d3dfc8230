"use strict";
// Swagger UI over the document of this host. Requests with the session's cookie need the CSRF token.
const { schema, csrf } = document.currentScript.dataset;
// The chosen theme, else the system's. Swagger UI's style sheet has the colours.
const root = document.documentElement;
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => root.classList.toggle("dark-mode", systemDark.matches);
if (!root.dataset.theme) {
  follow();
  systemDark.addEventListener("change", follow);
}
SwaggerUIBundle({
  url: schema,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  validatorUrl: null,
  onComplete: () => {
    document.querySelector(".operation-filter-input")?.setAttribute("aria-label", "Filter by tag");
  },
  requestInterceptor: (request) => {
    const method = (request.method || "GET").toUpperCase();
    if (method !== "GET" && new URL(request.url, location.href).origin === location.origin) {
      request.headers["X-CSRFToken"] = csrf;
    }
    return request;
  },
});
