// Every text that customers see. Override: `element.texts = { start: "…" }`, or attributes: text-start="…", text-mic-busy="…".

export const TEXTS = {
  title: "Virtual banker",
  intro: "Questions about your accounts? Talk with our virtual banker, by voice or in writing.",
  examples: "You could ask",
  start: "Talk to the banker",
  launcher: "Ask the banker",
  minimise: "Minimise",
  startAgain: "Start a new conversation",
  consentTitle: "Before we begin",
  agree: "I agree",
  decline: "No, thank you",
  connecting: "Connecting …",
  cancel: "Cancel",
  you: "You",
  banker: "Banker",
  conversation: "Conversation",
  messageLabel: "Write to the banker",
  send: "Send",
  charactersLeft: "{left} characters left",
  copy: "Copy {value}",
  copied: "Copied",
  sending: "Sending …",
  notSent: "Not sent.",
  newMessage: "New message",
  mute: "Mute",
  unmute: "Unmute",
  hold: "Hold to talk",
  holding: "Listening to you …",
  quiet: "Stop speaking",
  hangUp: "Hang up",
  save: "Save transcript",
  length: "You talked for {time}.",
  minutes: "{minutes} min",
  seconds: "{seconds} s",
  done: "What was done",
  rate: "Did this help?",
  rateUp: "Yes, it helped",
  rateDown: "No, it didn't help",
  rated: "Thank you.",
  fileName: "conversation.txt",
  saved: "{title} of {bank}, {date}",
  bank: "",  // the name of the bank; without it, the page's host
  settings: "Settings",
  microphone: "Microphone",
  speaker: "Speaker",
  level: "Microphone level",
  holdMode: "Hold a button to talk",
  showFace: "Show the banker's face",
  withdraw: "Withdraw my consent and end",
  timeLeft: "{minutes} min left",
  secondsLeft: "{seconds} s left",
  tapToHear: "Tap to hear",
  tryAgain: "Try again",
  tryMicrophone: "Try the microphone again",
  writeInstead: "Write instead",
  question: "May I {summary}?",
  questionTitle: "{title}?",
  yes: "Yes, do it",
  no: "No",
  stepUp: "Confirm with a code in your bank",
  stepUpWhat: "Then I'll {summary}.",
  stepUpNo: "Don't do it",
  // What the banker is doing. A bank adds "tool:<name>" for its own tools.
  listening: "Listening",
  listeningMuted: "You're muted",
  listeningPaused: "Microphone paused",
  reading: "Ready for your message",
  thinking: "Thinking …",
  speaking: "Speaking",
  usingTool: "Working on it: {tool} …",
  "tool:get_account_status": "Looking at your accounts …",
  "tool:create_ticket": "Opening the ticket …",
  // What went wrong, and what to do next
  micAsking: "Please allow the microphone when your browser asks.",
  micRefused: "Your browser is blocking the microphone. Allow it in the address bar and try again, or write instead.",
  micPolicy: "This page doesn't allow the microphone here. You can write instead.",
  micFrame: "This page doesn't allow the microphone here. You can write instead.",
  micInsecure: "The microphone works on secure (https://) pages only. You can write instead.",
  micMissing: "We can't find a microphone. Connect one and try again, or write instead.",
  micBusy: "Another program is using the microphone. Close it and try again, or write instead.",
  micUnusable: "The microphone isn't working. Try again, or write instead.",
  micLost: "The microphone was disconnected. Connect it and try again, or write instead.",
  micRevoked: "You've turned the microphone off for this page. Allow it in the address bar and try again, or write instead.",
  micPaused: "Your device has paused the microphone, perhaps for a phone call. It comes back by itself.",
  noVoice: "The banker can't speak right now. You can read its answers here.",
  textOnlyUdp: "Your network blocks voice calls. Let's continue in writing.",
  textOnlyBusy: "All voice lines are busy right now. Let's continue in writing.",
  textOnlySlow: "The voice call takes a while. You can write to me meanwhile.",
  textOnlyFailed: "The voice call doesn't work right now. Let's continue in writing.",
  voiceBack: "The voice call works now. You can speak.",
  textOnlyOpen: "You are talking to us in other windows, too. Let's continue in writing here.",
  textOnlyBrowser: "This browser doesn't support voice calls. Let's continue in writing.",
  lost: "Connection lost. Reconnecting …",
  trouble: "That didn't work. Please try again.",
  expiring: "This conversation ends in {seconds} seconds.",
  signedOut: "You're signed out. Please reload the page and sign in again.",
  limited: "You've started several conversations in a short time. Please try again in {seconds} seconds.",
  limitedOver: "You can try again now.",
  away: "We can't reach the banker right now. Please try again in a moment.",
  // How a conversation ended
  endedEnded: "The conversation has ended.",
  endedExpired: "The time for this conversation is up. You can start a new one.",
  endedIdle: "We haven't heard from you for a while, so the conversation has ended.",
  endedOperator: "The bank has ended this conversation.",
  endedGone: "We can't continue this conversation. You can start a new one.",
  endedElsewhere: "Your talk is in another window.",
  bringHere: "Bring it here",
  endedAway: "You were away for a while, so your last conversation has ended. You can start a new one.",
  endedLost: "We couldn't reconnect in time. You can start a new conversation.",
  endedDeclined: "That's fine. We didn't listen to anything. You can come back at any time.",
  endedWithdrawn: "You've withdrawn your consent. The microphone is off.",
};

/** The attribute that sets a text: `micBusy` becomes `text-mic-busy`. */
export const attributeOf = (key) => `text-${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export const ATTRIBUTES = Object.keys(TEXTS).filter((key) => !key.includes(":")).map(attributeOf);

/** The texts of an element: its `texts` win over its attributes, these over the language `pack`, and that over English. */
export function textsOf(element, table, pack = {}) {
  const texts = { ...TEXTS, ...pack };
  for (const key of Object.keys(TEXTS)) {
    if (!key.includes(":")) texts[key] = element.getAttribute(attributeOf(key)) ?? texts[key];
  }
  return { ...texts, ...table };
}

/** Fill the placeholders of a text: "May I {summary}?". */
export function fill(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
