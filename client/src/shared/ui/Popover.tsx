import * as Radix from "@radix-ui/react-popover";
import type { ReactElement, ReactNode } from "react";
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
  children: ReactNode;
}

/** A small window beside its button, that stays with it: Escape and a press elsewhere close it. The page stays in use. */
export function Popover({ label, trigger, open, onOpenChange, align = "start", children }: PopoverProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className={styles.popover} aria-label={label} align={align} sideOffset={GAP} collisionPadding={EDGE}>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
