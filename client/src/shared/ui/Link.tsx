import type { ComponentProps } from "react";
import { navigate } from "@/shared/lib/navigation";

/** A link inside the app. Modified clicks (new tab, new window) stay the browser's. */
export function Link({ href, onClick, children, ...rest }: ComponentProps<"a"> & { href: string }) {
  return (
    <a
      href={href}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(href);
      }}
      {...rest}
    >
      {children}
    </a>
  );
}
