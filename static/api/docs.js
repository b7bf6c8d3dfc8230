"use strict";
// Swagger UI over the document of this host. Requests with the session's cookie need the CSRF token.
const { schema, csrf } = document.currentScript.dataset;
SwaggerUIBundle({
  url: schema,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  validatorUrl: null,
  requestInterceptor: (request) => {
    const method = (request.method || "GET").toUpperCase();
    if (method !== "GET" && new URL(request.url, location.href).origin === location.origin) {
      request.headers["X-CSRFToken"] = csrf;
    }
    return request;
  },
});
