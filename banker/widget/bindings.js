// What the buttons and keys of the view do.

export function bind(controller, root) {
  const { view } = controller;
  view.start.onclick = view.again.onclick = () => controller.start();
  view.write.onclick = () => controller.start({ write: true });
  view.idleView.onAsk((question) => controller.start({ question }));
  view.agree.onclick = () => controller.agree();
  view.decline.onclick = () => controller.talk?.finish("declined");
  view.form.onsubmit = (event) => { event.preventDefault(); controller.send(); };
  view.yes.onclick = () => controller.talk?.answer(true);
  view.no.onclick = () => controller.talk?.answer(false);
  view.stepUpNo.onclick = () => controller.talk?.stepUp.takeBack();
  view.mute.onclick = () => controller.talk?.setMuted(!controller.talk.muted);
  view.quiet.onclick = () => controller.talk?.quiet();
  view.listen.onclick = () => controller.talk?.listen();
  view.save.onclick = view.saveAfter.onclick = () => controller.save();
  view.hangUp.onclick = () => controller.hangUp();
  view.onHold((down) => controller.talk?.held(down));
  view.endView.onRate((rating) => controller.rated(rating));
  view.shell.onOpen = () => (controller.talk ? view.home() : view.start.focus());
  view.shell.onChange = (minimised) => controller.talk?.setMinimised(minimised);
  root.addEventListener("keydown", ({ key }) => { if (key === "Escape") controller.escape(); });
}
