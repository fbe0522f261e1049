import * as Radix from "@radix-ui/react-dialog";
import { type ReactNode, useRef } from "react";
import { cx } from "@/shared/lib/cx";
import styles from "./Dialog.module.css";
import { IconButton } from "./IconButton";

const sizes = { small: undefined, medium: styles.medium, full: styles.full } as const;

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  size?: keyof typeof sizes;
}

/** A modal dialog, open for as long as it is drawn: it keeps the focus inside, closes on Escape and gives the focus back. */
export function Dialog({ title, onClose, children, size = "small" }: DialogProps) {
  const content = useRef<HTMLDivElement>(null);
  const opener = useRef<Element>(null);
  return (
    <Radix.Root
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Radix.Portal>
        <Radix.Overlay className={styles.backdrop} />
        <Radix.Content
          ref={content}
          className={cx(styles.dialog, sizes[size])}
          aria-describedby={undefined}
          // What stands over every dialog is no press elsewhere.
          onInteractOutside={(event) => {
            if (event.target instanceof Element && event.target.closest("[data-over-dialogs]") !== null) event.preventDefault();
          }}
          onOpenAutoFocus={(event) => {
            opener.current = document.activeElement;
            const wanted = content.current?.querySelector<HTMLElement>("[data-autofocus]");
            if (wanted == null) return;
            event.preventDefault();
            wanted.focus();
          }}
          // The library gives the focus to a trigger that it knows of; here whatever opened the dialog gets it back.
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true });
          }}
        >
          <div className={styles.body}>
            <header className={styles.header}>
              <Radix.Title>{title}</Radix.Title>
              <Radix.Close asChild>
                <IconButton icon="close" label="Close" size="s" />
              </Radix.Close>
            </header>
            {children}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
