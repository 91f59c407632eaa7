// Shows what a talk with the banker has changed: after each of the banker's sentences, the content is loaded again.
// XMLHttpRequest parses the page without a sink of Trusted Types, which the Content-Security-Policy requires.
let timer;

function refresh() {
  const request = new XMLHttpRequest();
  request.responseType = "document";
  request.open("GET", location.href);
  request.onload = () => {
    const fresh = request.response?.querySelector("main");
    const main = document.querySelector("main");
    if (request.status !== 200 || !fresh || main.contains(document.activeElement)) return;
    if (fresh.innerHTML !== main.innerHTML) main.replaceChildren(...fresh.childNodes);
  };
  request.send();
}

addEventListener("banker:transcript", ({ detail }) => {
  if (detail.role !== "banker" || !detail.final) return;
  clearTimeout(timer);
  timer = setTimeout(refresh, 300); // once for the sentences that come together
});
