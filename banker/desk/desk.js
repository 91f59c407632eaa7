// The desk of a bank's colleague: who waits, who talks with the banker, and the talk that the colleague has taken.

import { themeSheet } from "../widget/theme.js";
import { DeskClient } from "./desk-client.js";
import { Queue } from "./desk-queue.js";
import { Talk } from "./desk-talk.js";

const RETRY_MS = 3_000;
const part = (id) => document.getElementById(id);
const notice = (text) => { if (part("notice").textContent !== text) part("notice").textContent = text; };
const announce = (text) => { part("live").textContent = text; };

let talk = null;
let over = false;
const client = new DeskClient(() => {
  over = true;
  talk?.stop();
  part("free").disabled = true;
  notice("You are signed out here, or the desk is open in another window. Reload the page to use it here.");
});
const queue = new Queue(part("queue"), announce, (session_id) => take(session_id));

async function take(session_id) {
  if (talk && talk.id !== session_id) return notice("You have a talk already. Hand it back or end it first.");
  try {
    await client.post(`v1/desk/talks/${session_id}/take`);
    notice("");
    open(session_id, { byVoice: true });
  } catch (refused) {
    notice(refused.message);
  }
  poll();
}

function open(session_id, how) {
  talk?.stop();
  talk = new Talk(part("talk"), client, session_id, { tools, colleague, notice, announce, closed: () => { talk = null; poll(); } }, how);
  part("talk").focus();
}

let colleague = null;
let tools = [];
let polling = false;

async function poll() {
  if (over || polling || !colleague) return;
  polling = true;
  try {
    const { talks } = await client.post("v1/desk/presence", { available: part("free").checked });
    if (part("notice").dataset.lost) notice("");
    delete part("notice").dataset.lost;
    queue.show(talks, { busy: talk !== null });
    const mine = talks.find(({ is_mine }) => is_mine);
    if (mine && !talk) open(mine.session_id);  // after a reload of this page
  } catch (refused) {
    if (!over && !(refused.status < 500)) {
      part("notice").dataset.lost = "yes";
      notice("The service cannot be reached. Trying again …");
    }
  } finally {
    polling = false;
  }
}

part("free").onchange = () => {
  queue.unlockSound();
  poll();
};

async function begin() {
  let known;
  try {
    known = await client.begin();
  } catch {
    notice("The service cannot be reached. Trying again …");
    return setTimeout(begin, RETRY_MS);
  }
  if (known === null) return notice("The desk is for the bank's staff. Please sign in first.");
  notice("");
  ({ colleague, tools } = known);
  const theme = new CSSStyleSheet();
  theme.replaceSync(themeSheet(known.theme?.primaryColor).replace(":host", ":root"));
  document.adoptedStyleSheets = [theme];
  part("who").textContent = colleague.name;
  part("free").disabled = false;
  poll();
}

const policy = globalThis.trustedTypes?.createPolicy("desk-clock", { createScriptURL: (url) => url });
const clock = new URL("desk-clock.js", import.meta.url).href;
new Worker(policy ? policy.createScriptURL(clock) : clock).onmessage = () => { poll(); talk?.poll(); };
begin();
