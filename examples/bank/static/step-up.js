// The bank's own strong authentication: the banker waits with a transfer until the customer has entered a code here.
// What is to be approved, and the code, come from the bank's back end. The page only says which call it is about.
const dialog = document.querySelector("dialog.step-up");
const form = dialog.querySelector("form");
const part = (name) => dialog.querySelector(name);
const shown = (element, text) => { element.hidden = text === ""; element.textContent = text; };

async function post(url) {
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } });
  return { ok: answer.ok, ...(await answer.json()) };
}

addEventListener("banker:step-up", async ({ detail }) => {
  form.reset();
  form.elements.session_id.value = detail.session_id;
  form.elements.call_id.value = detail.call_id;
  const begun = await post(form.dataset.begin).catch(() => ({ ok: false, message: "Please ask the banker again." }));
  shown(part(".wrong"), begun.ok ? "" : begun.message);
  shown(part(".what"), begun.ok ? `To ${begun.summary}.` : "");
  part(".phone").hidden = !begun.ok;
  part(".phone span").textContent = begun.ok ? begun.message : "";
  dialog.show();
  form.elements.code.focus();
});

addEventListener("banker:step-up-over", ({ detail }) => {
  if (form.elements.call_id.value === detail.call_id) dialog.close();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();  // the page stays, and so does the conversation
  const { ok, message } = await post(form.action).catch(() => ({ ok: false, message: "Please try again." }));
  shown(part(".wrong"), ok ? "" : message);
  form.elements.code.value = "";
  if (ok) dialog.close();
});
