import * as Radix from "@radix-ui/react-dropdown-menu";
import { useRef, useState } from "react";
import { cx } from "@/shared/lib/cx";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";
import { IconButton } from "./IconButton";
import styles from "./Menu.module.css";

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  onSelect: () => void;
}

interface MenuProps {
  label: string;
  icon?: IconName;
  /** Shown beside the icon. */
  text?: string;
  items: readonly MenuItem[];
  className?: string | undefined;
}

/** Room between the menu and its button, and between the menu and the window's edge. */
const GAP = 4;
const EDGE = 8;

/** A button with a menu: arrows move, Enter selects, Escape and Tab close. It stays with its button when the page scrolls. */
export function Menu({ label, icon = "more", text, items, className }: MenuProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const chosen = useRef<MenuItem>(null);
  return (
    <span className={cx(styles.root, className)} data-open={open}>
      <Radix.Root open={open} onOpenChange={setOpen} modal={false}>
        {/* Opens on a finished press: one that begins a scroll on a touch screen must not. */}
        <Radix.Trigger asChild onPointerDown={(event) => event.preventDefault()} onClick={() => setOpen(!open)}>
          {text === undefined ? (
            <IconButton ref={button} icon={icon} label={label} size="s" />
          ) : (
            <Button ref={button} icon={icon} size="s" variant="quiet" title={label}>
              {text}
            </Button>
          )}
        </Radix.Trigger>
        <Radix.Portal>
          <Radix.Content
            className={styles.list}
            aria-label={plainName(label)}
            align="end"
            sideOffset={GAP}
            collisionPadding={EDGE}
            loop
            // The button closes by itself; closed here as well, its press would open the menu again.
            onInteractOutside={(event) => {
              if (event.target instanceof Node && button.current?.contains(event.target) === true) event.preventDefault();
            }}
            onCloseAutoFocus={(event) => {
              event.preventDefault();
              const item = chosen.current;
              chosen.current = null;
              if (item !== null || document.activeElement === document.body) button.current?.focus({ preventScroll: true });
              // Only now: a dialog that it opens gives the focus back to what had it, and the menu's items are gone.
              item?.onSelect();
            }}
          >
            {items.map((item) => (
              <Radix.Item
                key={item.label}
                className={cx(styles.item, item.danger === true && styles.danger)}
                onSelect={() => {
                  chosen.current = item;
                }}
              >
                {item.icon !== undefined && <Icon name={item.icon} size={16} />}
                {plainName(item.label)}
              </Radix.Item>
            ))}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </span>
  );
}
