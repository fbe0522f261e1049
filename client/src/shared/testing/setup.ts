/** What jsdom lacks of the platform and components rely on. */
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);

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
