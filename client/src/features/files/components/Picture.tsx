import { useEffect, useRef, useState } from "react";
import { formatBytes } from "@/shared/lib/format";
import { Notice } from "@/shared/ui/Notice";
import styles from "./FilePanel.module.css";

/** A picture of the project. Drawn as a picture only: what is written in it does not run. */
export function Picture({ bytes, type, name }: { bytes: Uint8Array<ArrayBuffer>; type: string; name: string }) {
  const image = useRef<HTMLImageElement>(null);
  const [broken, setBroken] = useState(false);
  const [size, setSize] = useState<string | null>(null);
  // An address of the browser's own, that is given back.
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes], { type }));
    if (image.current !== null) image.current.src = made;
    return () => URL.revokeObjectURL(made);
  }, [bytes, type]);
  if (broken) return <Notice tone="info">This file is not the picture that its name says. Download it to look inside.</Notice>;
  return (
    <figure className={styles.picture}>
      <img
        ref={image}
        alt={name}
        onError={() => setBroken(true)}
        onLoad={({ currentTarget }) => setSize(`${currentTarget.naturalWidth} × ${currentTarget.naturalHeight}, `)}
      />
      <figcaption>
        {size}
        {formatBytes(bytes.length)}
      </figcaption>
    </figure>
  );
}
