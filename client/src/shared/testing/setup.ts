/** What jsdom lacks of the platform and components rely on. */
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);

// A machine that does other things besides is slow, and not wrong.
configure({ asyncUtilTimeout: 10_000 });

// There is nothing to draw on: letters are measured by rule of thumb.
HTMLCanvasElement.prototype.getContext = () => null;

globalThis.matchMedia ??= (media: string) =>
  ({ matches: media.includes("hover: hover"), media, addEventListener: () => undefined, removeEventListener: () => undefined }) as unknown as MediaQueryList;

Element.prototype.scrollIntoView ??= () => undefined;
Element.prototype.scrollTo ??= () => undefined;

// Menus and popovers stand beside their button, by sizes that jsdom does not know.
globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
Element.prototype.hasPointerCapture ??= () => false;
