import * as Radix from "@radix-ui/react-popover";
import { type ReactNode, type RefObject, useMemo } from "react";
import styles from "./Popover.module.css";

const GAP = 4;
const EDGE = 8;

interface PopoverAtProps {
  /** What it holds; read aloud. */
  label: string;
  /** Where it belongs to: what may leave the page before it does. */
  place: DOMRect;
  onClose: () => void;
  /** Gives the focus back. */
  onClosed: () => void;
  children: ReactNode;
}

/** A small window beside a place of the page, open for as long as it is drawn. */
export function PopoverAt({ label, place, onClose, onClosed, children }: PopoverAtProps) {
  const anchor = useMemo((): RefObject<{ getBoundingClientRect: () => DOMRect }> => ({ current: { getBoundingClientRect: () => place } }), [place]);
  return (
    <Radix.Root
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Radix.Anchor virtualRef={anchor} />
      <Radix.Portal>
        <Radix.Content
          className={styles.popover}
          aria-label={label}
          align="start"
          sideOffset={GAP}
          collisionPadding={EDGE}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            onClosed();
          }}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
