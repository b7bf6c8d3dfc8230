// Runs between htmx and the page: htmx must neither inject its style element nor evaluate text (CSP).
Object.assign(window.htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  selfRequestsOnly: true,
});
