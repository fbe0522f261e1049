import * as Radix from "@radix-ui/react-popover";
import type { ReactElement, ReactNode, RefObject } from "react";
import styles from "./Popover.module.css";

const GAP = 6;
const EDGE = 8;

interface PopoverProps {
  /** What it holds; read aloud. */
  label: string;
  /** The button it belongs to. */
  trigger: ReactElement;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  align?: "start" | "end";
  /** What gets the focus when it closes; without it, the button. */
  returnTo?: RefObject<HTMLElement | null>;
  children: ReactNode;
}

/** A small window beside its button, that stays with it: Escape and a press elsewhere close it. The page stays in use. */
export function Popover({ label, trigger, open, onOpenChange, align = "start", returnTo, children }: PopoverProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          className={styles.popover}
          aria-label={label}
          align={align}
          sideOffset={GAP}
          collisionPadding={EDGE}
          onCloseAutoFocus={(event) => {
            if (returnTo?.current == null) return;
            event.preventDefault();
            returnTo.current.focus({ preventScroll: true });
          }}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
