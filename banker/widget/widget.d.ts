/** The element <virtual-banker>. Its attributes and events are described in docs/embedding.md. */

export interface StartOptions {
  /** In writing: without microphone and sound until the user unmutes. */
  write?: boolean;
  /** What the user asks first. */
  question?: string;
}

export type BankerState = "idle" | "connecting" | "consent" | "listening" | "thinking" | "speaking" | "ended";
export type BankerLine = "voice" | "text";
export type EndReason =
  | "ended" | "expired" | "idle" | "operator" | "declined" | "withdrawn" | "gone" | "elsewhere" | "lost" | "cancelled" | "signed-out";

export interface BankerSession {
  readonly session_id: string;
  /** null while connecting. */
  readonly line: BankerLine | null;
  /** Whether the user is not heard. */
  readonly muted: boolean;
}

export interface Link { text: string; url: string }

export interface BankerEventDetails {
  connected: { session_id: string; line: BankerLine };
  consent: { granted: boolean; version: string };
  transcript: { turn: number; role: "user" | "banker"; text: string; final: boolean; interrupted: boolean; links: Link[]; speaker: string };
  state: { state: "listening" | "thinking" | "speaking" };
  "tool-called": { call_id: string; tool: string };
  "tool-finished": { call_id: string; tool: string; ok: boolean; url?: string };
  confirm: { call_id: string; tool: string; summary: string; title?: string; fields?: { label: string; value: string }[] };
  /** `approved` is null if the question was answered in words that were no yes, or replaced. */
  "confirm-over": { call_id: string; approved: boolean | null };
  "step-up": { session_id: string; call_id: string; tool: string; summary: string; hash: string };
  "step-up-over": { call_id: string };
  /** A colleague of the bank: `position` and `wait_seconds` while waiting, `name` once joined. */
  handover: { state: "waiting" | "joined" | "returned" | "unavailable" | "ended"; position?: number; wait_seconds?: number; name: string };
  ended: { reason: EndReason };
  rating: { session_id: string; rating: "up" | "down" };
  error: { kind: string; message: string };
}

type Named<Mark extends string> = {
  [Name in keyof BankerEventDetails as `banker${Mark}${Name & string}`]: CustomEvent<BankerEventDetails[Name]>;
};

/** Each event has two names: `banker:connected` and `banker-connected`. */
export interface BankerEventMap extends Named<":">, Named<"-"> {}

export class VirtualBanker extends HTMLElement {
  /** The texts as they are shown. What is assigned wins over attributes and language packs. */
  get texts(): Record<string, string>;
  set texts(texts: Record<string, string>);
  /** What the bank's page shows, as strings, beside its `route`: sent to `session-url`, and when it changes in a conversation. */
  context: Record<string, string>;
  readonly state: BankerState;
  /** The conversation, or null. */
  readonly session: BankerSession | null;
  /** Start a conversation, as the button does. */
  start(options?: StartOptions): Promise<void>;
  /** End the conversation, or stop connecting. */
  hangUp(): void;
  /** Send what the user would have written. Without a conversation it starts one with this question. */
  sendMessage(text: string): void;
  mute(): void;
  unmute(): void;
  addEventListener<Name extends keyof BankerEventMap>(
    type: Name, listener: (this: VirtualBanker, event: BankerEventMap[Name]) => unknown, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** The attributes in JSX. */
export interface VirtualBankerAttributes {
  "session-url": string;
  user?: string;
  tenant?: string;
  "csrf-token"?: string;
  "account-id"?: string;
  muted?: boolean | "";
  "hold-to-talk"?: boolean | "";
  launcher?: boolean | "" | "start" | "top" | "top start";
  theme?: "light" | "dark";
  lang?: string;
  "service-url"?: string;
  [text: `text-${string}`]: string | undefined;
}

declare global {
  interface HTMLElementTagNameMap { "virtual-banker": VirtualBanker }
  interface WindowEventMap extends BankerEventMap {}
  namespace JSX {
    interface IntrinsicElements { "virtual-banker": VirtualBankerAttributes & Record<string, unknown> }
  }
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements { "virtual-banker": VirtualBankerAttributes & Record<string, unknown> }
  }
}
