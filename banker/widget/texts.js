// Every text that people see. Others: `element.texts = { start: "…" }`, or attributes: text-start="…", text-mic-busy="…".

export const TEXTS = {
  title: "Virtual banker",
  intro: "Questions about your accounts? Talk with our virtual banker, by voice or in writing.",
  start: "Talk to the banker",
  startAgain: "Start a new talk",
  consentTitle: "Before we begin",
  agree: "I agree",
  decline: "No, thank you",
  connecting: "Connecting …",
  you: "You",
  banker: "Banker",
  conversation: "Conversation",
  messageLabel: "Write to the banker",
  send: "Send",
  mute: "Mute",
  unmute: "Unmute",
  hold: "Hold to talk",
  holding: "Listening to you …",
  quiet: "Stop speaking",
  hangUp: "Hang up",
  save: "Save transcript",
  fileName: "conversation.txt",
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
  yes: "Yes, do it",
  no: "No",
  // What the banker is doing. A bank adds "tool:<name>" for its own tools.
  listening: "Listening",
  listeningMuted: "You are muted",
  reading: "Ready for your message",
  thinking: "Thinking …",
  speaking: "Speaking",
  usingTool: "Working on it: {tool} …",
  "tool:get_account_status": "Looking at your accounts …",
  "tool:create_ticket": "Opening the ticket …",
  // What is wrong, and the way on
  micAsking: "Please allow the microphone in the question that your browser shows.",
  micRefused: "Your browser does not give this page the microphone. Allow it in the address bar and try again, or write instead.",
  micFrame: "The page around this window does not pass the microphone on (its frame lacks allow=\"microphone\"). You can write instead.",
  micInsecure: "Browsers give the microphone to pages with https:// only. You can write instead.",
  micMissing: "There is no microphone. Connect one and try again, or write instead.",
  micBusy: "Another program is using the microphone. Close it and try again, or write instead.",
  micUnusable: "The microphone cannot be used. Try again, or write instead.",
  micLost: "The microphone is gone. Connect it and try again, or write instead.",
  noVoice: "The banker has no voice today; you can read what it says.",
  textOnlyUdp: "Your network lets no sound through (UDP is blocked and there is no relay). We go on in writing.",
  textOnlyBusy: "There is no line for sound free just now. We go on in writing.",
  textOnlyBrowser: "This browser cannot carry sound (it has no WebRTC). We go on in writing.",
  lost: "The connection is lost; trying again …",
  expiring: "This talk ends in {seconds} seconds.",
  signedOut: "You are not signed in any more. Load the page again and sign in.",
  limited: "You have asked for many talks in a short time. Please try again in {seconds} seconds.",
  limitedOver: "You can try again now.",
  away: "The banker cannot be reached just now. Please try again in a moment.",
  // How a talk ended
  endedEnded: "The talk has ended.",
  endedExpired: "The time for this talk is over. You can start a new one.",
  endedIdle: "We have not heard from you for a while, so the talk has ended.",
  endedOperator: "The bank has ended this talk.",
  endedGone: "This talk has ended. You can start a new one.",
  endedElsewhere: "This talk cannot go on here: it was taken up in another window, or the banker was started anew.",
  endedLost: "The connection could not be restored in time. You can start a new talk.",
  endedDeclined: "Nothing was listened to. You can come back at any time.",
  endedWithdrawn: "You have withdrawn your consent: nothing is listened to any more.",
};

/** The attribute that sets a text: `micBusy` is `text-mic-busy`. */
export const attributeOf = (key) => `text-${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export const ATTRIBUTES = Object.keys(TEXTS).filter((key) => !key.includes(":")).map(attributeOf);

/** The texts of an element: its table over its attributes over English. */
export function textsOf(element, table) {
  const texts = { ...TEXTS };
  for (const key of Object.keys(TEXTS)) {
    if (!key.includes(":")) texts[key] = element.getAttribute(attributeOf(key)) ?? TEXTS[key];
  }
  return { ...texts, ...table };
}

/** "May I {summary}?" with the values put in. */
export function fill(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
