// htmx and idiomorph in one file, under the names that our own modules look for.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph";

window.htmx = htmx;
window.Idiomorph = Idiomorph;

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap: (style, target, fragment) =>
    style.startsWith("morph") && Idiomorph.morph(target, fragment.children, { morphStyle: "innerHTML" }),
});
