// Shows how loud the microphone is, around its button and in the settings, so that a deaf one is seen.

const STEP_MS = 100;

export class LevelRing {
  #timer;

  constructor(view, microphone) {
    this.#timer = setInterval(() => {
      if (document.hidden) return;
      microphone.measure();  // the device may have been changed
      view.level(microphone.level);
    }, STEP_MS);
  }

  stop() { clearInterval(this.#timer); }
}
