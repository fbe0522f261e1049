/**
 * Scrolls through more than a browser can: their boxes end at about 17 million pixels. A box that is higher than that
 * is drawn lower, and small steps move by what they are while large ones move by their share of the whole.
 */

/** What every browser takes, with room to spare. */
const MAX_BOX_PX = 8_000_000;
/** Steps up to that many views are small: a wheel's, a finger's, a key's. */
const SMALL_STEP_VIEWS = 3;

/** How high a box is drawn that holds so much. */
export function boxHeightOf(height: number): number {
  return Math.min(height, MAX_BOX_PX);
}

export class ScaledScroll {
  /** Where the box stands, in its own pixels. */
  #boxTop = 0;
  /** Where the view stands, in pixels of what is shown. */
  #top = 0;
  #height = 0;
  #view = 0;

  /** @param height of all rows. @param view height of what is seen. */
  resize(height: number, view: number): void {
    this.#height = height;
    this.#view = view;
    this.#top = Math.min(this.#top, this.#last);
  }

  get #last(): number {
    return Math.max(0, this.#height - this.#view);
  }

  get #lastOfBox(): number {
    return Math.max(0, this.boxHeight - this.#view);
  }

  /** How high the box's content is. */
  get boxHeight(): number {
    return boxHeightOf(this.#height);
  }

  get top(): number {
    return this.#top;
  }

  /** What is to be added to a row's place so that it lies right in the box. */
  get shift(): number {
    return this.#boxTop - this.#top;
  }

  /** The box was scrolled to its pixel `boxTop`. */
  scrolled(boxTop: number): void {
    const step = boxTop - this.#boxTop;
    this.#boxTop = boxTop;
    const isSmall = Math.abs(step) <= this.#view * SMALL_STEP_VIEWS;
    if (this.#height <= MAX_BOX_PX) this.#top = boxTop;
    else if (boxTop <= 0) this.#top = 0;
    else if (boxTop >= this.#lastOfBox - 1) this.#top = this.#last;
    else if (isSmall) this.#top = Math.min(this.#last, Math.max(0, this.#top + step));
    else this.#top = (boxTop / this.#lastOfBox) * this.#last;
  }

  /** Where the box has to be scrolled for the view to stand at `top`. */
  scrollTo(top: number): number {
    this.#top = Math.min(this.#last, Math.max(0, top));
    this.#boxTop = this.#height <= MAX_BOX_PX ? this.#top : Math.round((this.#top / Math.max(1, this.#last)) * this.#lastOfBox);
    return this.#boxTop;
  }
}
