"""`[safety]` in a tenant's file: what the banker says when a customer's safety is at stake, and whom to call."""

from dataclasses import dataclass

from marshmallow.validate import Length

from banker.config.dataclass_schema import key
from banker.config.texts import text, variants

_NUMBER = Length(min=2, max=40, error="must be a telephone number of {min} to {max} characters")


@dataclass(frozen=True)
class SafetySettings:
    """The bank's own words. They are said before either agent answers."""

    emergency_number: str | None = key(None, check=_NUMBER)
    fraud_number: str | None = key(None, check=_NUMBER)
    self_harm: str = text(
        "I'm really glad you told me. You matter more than any bank matter. If you are in danger now, please call "
        "{emergency_number}. Or tell somebody near you how you feel. You don't have to carry this alone.",
        "emergency_number",
    )
    self_harm_next: tuple[str, ...] = variants(
        "I'm still here, and I take this seriously. If a call is too much, go to where another person is, or write "
        "“please come” to somebody you trust. If you might act on it, {emergency_number} is the fastest help.",
        "Thank you for going on talking to me. I'm an AI, and what you deserve now is a person. Please put away "
        "whatever you could hurt yourself with, and let one person know how you feel.",
        "Whatever it is with the bank can wait, and can be talked about. Please be safe first: stay with "
        "somebody tonight, or call {emergency_number}.",
        "You don't have to talk about it with me. It would help to have somebody with you, though, even in silence: a "
        "neighbour, a friend, a doctor. At any hour there is {emergency_number}.",
        names=("emergency_number",),
    )
    threat: str = text(
        "I take that seriously. If anybody is in danger, please call {emergency_number} now. A colleague can talk "
        "with you about what has happened.",
        "emergency_number",
    )
    threat_next: tuple[str, ...] = variants(
        "Nobody should get hurt over this. If somebody threatens you, you needn't deal with it alone: call "
        "{emergency_number}, also if somebody forbids it. If it's about something that we did, a colleague can look "
        "at it.",
        "I'd like this to end well for everybody. I can't settle it by myself, and a colleague can talk it through "
        "with you. In danger, please call {emergency_number}.",
        "I've understood you. Please don't do anything that can't be undone, and let a person talk with you: just say "
        "“talk to a person”.",
        names=("emergency_number",),
    )
    scam: str = text(
        "Please stop here: this may be a scam, and it can happen to anyone. Don't share a code, don't move any "
        "money, and hang up. We never ask for your PIN, password or codes, or to move money to a safe account. Then "
        "call us on {fraud_number}.",
        "fraud_number",
    )
    scam_next: tuple[str, ...] = variants(
        "Please don't send any money or share a code, whoever asks for it. Call us now on {fraud_number}, also if "
        "you've already done so: the sooner we know, the more we can still stop.",
        "I understand that it feels urgent. People who want your money leave you no time to think. You can hang up "
        "at any moment: nobody honest will mind. Then call {fraud_number} yourself.",
        "If they already have a code, your card or your money, it isn't your fault. Please end the contact, change "
        "your password on another device, and call {fraud_number}.",
        "I'm on your side, and I'd rather be wrong than see you lose money. Put the telephone down, take a breath, and "
        "talk to somebody you know before you do anything more.",
        names=("fraud_number",),
    )
    phishing: str = text(
        "Thank you for checking. Please don't open the link or reply. If you've entered a card number or a password "
        "there, call us now on {fraud_number}, so that we can help you protect your account.",
        "fraud_number",
    )
    phishing_next: tuple[str, ...] = variants(
        "If you've entered anything there, call us now on {fraud_number} and change your password on another device. "
        "If you haven't, delete the message, and nothing has happened.",
        "It's good that you noticed. Don't use the link again, approve nothing that you didn't begin, and look "
        "through your latest payments. If one isn't yours, call {fraud_number}.",
        names=("fraud_number",),
    )
    coercion: str = text(
        "I'm sorry this is happening to you. It's not your fault. If you are in danger, call {emergency_number} as "
        "soon as it's safe. You needn't say more here, and you can ask us for help whenever you can talk.",
        "emergency_number",
    )
    coercion_next: tuple[str, ...] = variants(
        "You decide what happens next. I won't have anybody call you. When you are alone and it's safe, you can ask "
        "for a person here or in a branch, and they will talk with you in private.",
        "You've done nothing wrong, and you don't have to explain anything. If it isn't safe to go on now, just "
        "leave; we can take it up again another time. In danger, {emergency_number} is there for you.",
        "I believe you. If there is something that I can do for you right now, just say it, and I won't ask why.",
        "Somebody else's anger is not your fault. If you can, tell one person you trust what is going on. In danger, "
        "call {emergency_number}.",
        names=("emergency_number",),
    )
    bereavement: str = text(
        "I'm so sorry for your loss. There is no rush. When you are ready, a colleague will go through the next "
        "steps with you. A copy of the death certificate helps, but you don't need it to talk to us."
    )
    bereavement_next: tuple[str, ...] = variants(
        "You needn't settle it all now, and you needn't do it by telephone: a colleague in a branch can go through "
        "it with you, too.",
        "I'm sorry that you have to deal with this now. A colleague can look after the account and the payments from "
        "it with you; I can't do that by myself.",
        "I'm so sorry. If you say “call me back”, I'll ask somebody to call you when it suits you.",
    )
    hardship: str = text(
        "Thank you for telling me. Money worries and hard times can happen to anyone. The earlier we talk, the more "
        "ways there are to help, and a colleague can look at them with you in confidence."
    )
    hardship_next: tuple[str, ...] = variants(
        "You needn't have a plan before you talk to us. It helps to know what comes in, what goes out, and what is "
        "due first. If there isn't enough for food, your home or heating, say that first.",
        "I hear you, and it's nothing to be ashamed of. I can't change a payment plan by myself, and a colleague "
        "can, in a call, in a branch or in writing.",
        "That sounds really hard, and I'm glad that you said it. If you like, somebody from the bank calls you: "
        "just say “call me back”.",
    )
    third_party: str = text(
        "It's kind of you to help. To protect customers, I can only talk about the account of the person who signed "
        "in. A colleague can explain how somebody can be allowed to act for another customer."
    )
    third_party_next: tuple[str, ...] = variants(
        "I'm sorry, that holds also if the other person agrees or is beside you: here I only see the account of the "
        "person who signed in. A branch can register a power of attorney.",
        "I know that this makes it harder to help. Whoever the account belongs to can sign in, or call us on "
        "{fraud_number} if a card is lost.",
        "I understand, and I can't make an exception here. If you say “call me back”, somebody explains it to you.",
        names=("fraud_number",),
    )
    minor: str = text(
        "Thank you for telling me. If you are under 18, please ask a parent or guardian to talk to us with you. If "
        "anything worries you, you can always talk to an adult you trust."
    )
    minor_next: tuple[str, ...] = variants(
        "You can ask me how things work at a bank. For an account or a card we need your parent or guardian with "
        "you. If somebody wants money, pictures or a card number from you, say no, and tell an adult you trust.",
        "I can't do that without a parent or guardian, and that's to protect you. If you can't talk to them, a "
        "teacher or another adult you trust can help.",
    )
    human: str = text("I'm an AI, a virtual banker, and not a person.")
    recording: str = text(
        "Your voice is turned into text and is not kept. The text of our conversation is kept until shortly after it "
        "ends, and the bank keeps a record of what I did for you."
    )
    privacy: str = text(
        "Our conversation is processed by your bank's systems, so that I can answer you. The bank may look at the "
        "record of what I did for you. Your bank's privacy notice says who else processes your data."
    )
    abilities: str = text("I can {abilities}, and answer questions about your bank.", "abilities")
    withdraw_consent: str = text("You have withdrawn your consent, so I've stopped listening. Goodbye, and take care.")
    secret: str = text(
        "I've removed that from our conversation. Please never share card numbers, PINs, passwords or codes, not "
        "even with me."
    )
    freeze_offer: str = text("I can freeze your card at once: just say “freeze my card”.")
    set_aside: str = text("I've left undone what we had begun. If you still want it later, just tell me.")
    hold: tuple[str, ...] = variants(
        "I'm leaving money where it is for now: the bank has to look at this first. That's the bank's decision and "
        "not yours. A colleague can go through it with you.",
        "I know that you want this done, and I still can't move money at the moment. Nothing is lost by waiting. A "
        "colleague can look at it with you.",
    )
    call_back: str = text("I can have a colleague call you back.")
    call_back_subject: str = text("Please call the customer back")
    no_emergency_number: str = text("your local emergency number")
    no_fraud_number: str = text("the number on the back of your card")

    def say(self, name: str, times: int = 0, **values: str) -> str:
        """Return a text with its telephone numbers filled in; of alternatives, the one after `times` others."""
        text: str | tuple[str, ...] = getattr(self, name)
        template = text if isinstance(text, str) else text[times % len(text)]
        return template.format(
            emergency_number=self.emergency_number or self.no_emergency_number,
            fraud_number=self.fraud_number or self.no_fraud_number,
            **values,
        )

    def has_next(self, topic: str) -> bool:
        """Return whether there are other texts for a topic that is spoken of again."""
        return hasattr(self, f"{topic}_next")
