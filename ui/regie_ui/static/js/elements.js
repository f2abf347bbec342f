// Custom elements that keep server HTML true while the page is open. Without scripts they show what the server wrote.

const language = document.documentElement.lang || "en";
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const STEPS = [["second", 60], ["minute", 60], ["hour", 24]];

const ticking = new Set();
setInterval(() => {
  if (document.visibilityState === "visible") for (const element of ticking) element.tick();
}, 1000);
document.addEventListener("visibilitychange", () => {
  for (const element of ticking) element.tick();
});

class Ticking extends HTMLElement {
  connectedCallback() {
    ticking.add(this);
    this.tick();
  }
  disconnectedCallback() {
    ticking.delete(this);
  }
  attributeChangedCallback() {
    if (this.isConnected) this.tick();
  }
}

/** <regie-time datetime="…">: relative within a day; beyond it the server's text stays. */
class RegieTime extends Ticking {
  static observedAttributes = ["datetime"];
  tick() {
    const at = Date.parse(this.getAttribute("datetime") ?? "");
    let difference = (at - Date.now()) / 1000;
    if (Number.isNaN(difference) || Math.abs(difference) >= 86_400) return;
    let unit = "second";
    for (const [name, size] of STEPS) {
      unit = name;
      if (Math.abs(difference) < size) break;
      difference /= size;
    }
    setText(this.querySelector("time") ?? this, relative.format(Math.trunc(difference) || 0, unit));
  }
}

/** <regie-progress position="s" runtime="s" [paused] [at="ISO"] [speed="1"]>: a position that moves by itself. */
class RegieProgress extends Ticking {
  static observedAttributes = ["position", "runtime", "paused", "at", "speed"];
  #since = 0;
  connectedCallback() {
    this.#anchor();
    super.connectedCallback();
  }
  attributeChangedCallback() {
    this.#anchor();
    super.attributeChangedCallback();
  }
  // The browser's clock may be wrong by minutes; ages beyond a minute are taken for that, not for truth.
  #anchor() {
    const age = Date.now() - Date.parse(this.getAttribute("at") ?? "");
    this.#since = performance.now() - (age > 0 && age < 60_000 ? age : 0);
  }
  tick() {
    const runtime = Number(this.getAttribute("runtime")) || 0;
    const speed = this.hasAttribute("paused") ? 0 : Number(this.getAttribute("speed") ?? 1);
    let position = Number(this.getAttribute("position")) + (speed * (performance.now() - this.#since)) / 1000;
    if (runtime) position = Math.min(position, runtime);
    this.querySelector("rect")?.setAttribute("width", runtime ? ((100 * position) / runtime).toFixed(3) : "0");
    setText(this.querySelector("[data-clock]"), clock(position));
    setText(this.querySelector("[data-left]"), `−${clock(runtime - position)}`);
  }
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Text that changes only when it differs: no needless repaint, no lost selection. */
export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

customElements.define("regie-time", RegieTime);
customElements.define("regie-progress", RegieProgress);
