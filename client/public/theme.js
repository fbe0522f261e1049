// Runs before the first paint so that a chosen theme does not flash. A file of its own: the page allows no inline script.
try {
  var theme = localStorage.getItem("bricklayer.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be switched off; the system's preference applies.
}
