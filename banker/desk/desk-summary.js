// What is known of a talk, as rows of a name and a text.

const words = (name) => name.replaceAll("_", " ");
const time = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

/** The rows of a summary; what is not known is left out. */
export function summaryRows(summary) {
  const { handover, portal_context: portal } = summary;
  const tools = summary.tools.map(({ tool, ok }) => `${words(tool)}: ${ok ? "done" : "failed"}`);
  return [
    ["Customer", summary.user_id],
    ["Page", portal.route],
    ["Account", portal.account_id],
    ["Since", time(summary.began_at)],
    ["Reason", handover.reason],
    ["Wishes", summary.wishes.map(words).join(", ")],
    ["Tools", tools.join(", ")],
    ["To confirm", summary.waits_for?.summary],
    ["Safety", summary.safety_topics.map(words).join(", ")],
    ["Not understood", summary.not_understood.join(" · ")],
  ].filter(([, text]) => text);
}
