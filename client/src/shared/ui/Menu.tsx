import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { cx } from "@/shared/lib/cx";
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
  items: readonly MenuItem[];
  className?: string | undefined;
}

/** A button with a menu: arrows move, Enter selects, Escape and Tab close. */
export function Menu({ label, icon = "more", items, className }: MenuProps) {
  const [place, setPlace] = useState<{ top: number; right?: number; left?: number } | null>(null);
  const id = useId();
  const root = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const open = place !== null;

  // While open: the first item has the focus, and a press or scroll anywhere else closes.
  useEffect(() => {
    if (!open) return;
    list.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const onPress = (event: Event): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) === true) return;
      setPlace(null);
    };
    document.addEventListener("pointerdown", onPress);
    window.addEventListener("resize", onPress);
    document.addEventListener("scroll", onPress, true);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      window.removeEventListener("resize", onPress);
      document.removeEventListener("scroll", onPress, true);
    };
  }, [open]);

  const close = (): void => {
    setPlace(null);
    button.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const entries = [...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = entries.findIndex((entry) => entry === document.activeElement);
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 };
    const target = moves[event.key];
    if (target !== undefined) {
      event.preventDefault();
      entries.at(target % entries.length)?.focus();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") setPlace(null);
  };

  return (
    <span ref={root} className={cx(styles.root, className)} data-open={open}>
      <IconButton
        ref={button}
        icon={icon}
        label={label}
        size="s"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={(event) => {
          if (open) return setPlace(null);
          const box = event.currentTarget.getBoundingClientRect();
          const below = box.bottom + 4 + items.length * 38 + 12 < window.innerHeight;
          setPlace({
            top: below ? box.bottom + 4 : Math.max(8, box.top - 16 - items.length * 38),
            // Towards the middle of the window, where there is room for the words.
            ...(box.right > window.innerWidth / 2 ? { right: Math.max(8, window.innerWidth - box.right) } : { left: Math.max(8, box.left) }),
          });
        }}
      />
      {open && (
        <div ref={list} id={id} role="menu" aria-label={label} tabIndex={-1} className={styles.list} style={place} onKeyDown={onKeyDown}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={cx(styles.item, item.danger === true && styles.danger)}
              onClick={() => {
                close();
                item.onSelect();
              }}
            >
              {item.icon !== undefined && <Icon name={item.icon} size={16} />}
              {item.label}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}
