"""`[safety]` in a tenant's file: what the banker says where a customer's safety is at stake, and whom to call."""

from dataclasses import dataclass

from marshmallow.validate import Length

from banker.config.dataclass_schema import key
from banker.config.texts import text

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
    threat: str = text(
        "I take that seriously. If anybody is in danger, please call {emergency_number} now. "
        "A colleague can talk with you about what has happened.",
        "emergency_number",
    )
    scam: str = text(
        "Please stop here: this may be a scam, and it can happen to anyone. Don't share a code, don't move any money, "
        "and hang up. We never ask for your PIN, password or codes, or to move money to a safe account. "
        "Then call us on {fraud_number}.",
        "fraud_number",
    )
    scam_next: str = text(
        "Please don't send any money or share a code, whoever asks for it. Call us now on {fraud_number}, also if "
        "you've already done so: the sooner we know, the more we can still stop.",
        "fraud_number",
    )
    phishing: str = text(
        "Thank you for checking. Please don't open the link or reply. If you've entered a card number or a password "
        "there, call us now on {fraud_number}, so that we can help you protect your account.",
        "fraud_number",
    )
    phishing_next: str = text(
        "If you've entered anything there, call us now on {fraud_number} and change your password on another device. "
        "If you haven't, delete the message, and nothing has happened.",
        "fraud_number",
    )
    coercion: str = text(
        "I'm sorry this is happening to you. It's not your fault. If you are in danger, call {emergency_number} as "
        "soon as it's safe. You needn't say more here, and you can ask us for help whenever you can talk.",
        "emergency_number",
    )
    bereavement: str = text(
        "I'm so sorry for your loss. There is no rush. When you are ready, a colleague will go through the next steps "
        "with you. A copy of the death certificate helps, but you don't need it to talk to us."
    )
    hardship: str = text(
        "Thank you for telling me. Money worries and hard times can happen to anyone. The earlier we talk, the more "
        "ways there are to help, and a colleague can look at them with you in confidence."
    )
    third_party: str = text(
        "It's kind of you to help. To protect customers, I can only talk about the account of the person who signed "
        "in. A colleague can explain how somebody can be allowed to act for another customer."
    )
    minor: str = text(
        "Thank you for telling me. If you are under 18, please ask a parent or guardian to talk to us with you. "
        "If anything worries you, you can always talk to an adult you trust."
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
        "I've removed that from our conversation. Please never share card numbers, PINs, passwords or codes, "
        "not even with me."
    )
    freeze_offer: str = text("I can freeze your card at once: just say “freeze my card”.")
    set_aside: str = text("I've left undone what we had begun. If you still want it later, just tell me.")
    call_back: str = text("I can have a colleague call you back.")
    call_back_subject: str = text("Please call the customer back")
    no_emergency_number: str = text("your local emergency number")
    no_fraud_number: str = text("the number on the back of your card")

    def say(self, topic: str, **values: str) -> str:
        """Return the text of a topic with the telephone numbers in it."""
        template: str = getattr(self, topic)
        return template.format(
            emergency_number=self.emergency_number or self.no_emergency_number,
            fraud_number=self.fraud_number or self.no_fraud_number,
            **values,
        )
