/** Our own line icons, 20 units wide, drawn with the text's colour. */
const paths = {
  plus: "M10 4v12M4 10h12",
  close: "M5 5l10 10M15 5L5 15",
  check: "M4 10.5l4 4 8-9",
  chevronDown: "M5 7.5l5 5 5-5",
  chevronRight: "M7.5 5l5 5-5 5",
  chevronLeft: "M12.5 5l-5 5 5 5",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  search: "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.5 13.5L17 17",
  send: "M10 16.5v-13M4.5 9L10 3.5 15.5 9",
  stop: "M6 6h8v8H6z",
  copy: "M7 7h9v9H7zM4 13V4h9",
  download: "M10 3v9.5M5.5 8.5L10 13l4.5-4.5M3.5 16.5h13",
  file: "M5 2.5h6.5L15.5 6.5v11H5zM11.5 2.5v4h4",
  folder: "M2.5 5h5l2 2h8v9h-15z",
  image: "M3 4h14v12H3zM3 13l4-4 4 4 2.5-2.5L17 14M13 8h.01",
  table: "M3 4h14v12H3zM3 8h14M3 12h14M8 8v8",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10 1.8v1.7M10 16.5v1.7M1.8 10h1.7M16.5 10h1.7M4.2 4.2l1.2 1.2M14.6 14.6l1.2 1.2M15.8 4.2l-1.2 1.2M5.4 14.6l-1.2 1.2",
  moon: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z",
  auto: "M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14",
  help: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM7.8 7.7a2.3 2.3 0 1 1 3.3 2.1c-.8.4-1.1.8-1.1 1.7M10 14h.01",
  warning: "M10 3l7.5 13.5h-15zM10 8v4M10 14.3h.01",
  info: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 9v5M10 6.2h.01",
  edit: "M12.5 4.5l3 3L7 16l-3.6.6L4 13z",
  trash: "M3.5 5.5h13M8 5V3h4v2M5.5 5.5L6.3 17h7.4l.8-11.5M8.5 8.5v5.5M11.5 8.5v5.5",
  refresh: "M16 10a6 6 0 1 1-1.8-4.3M16.3 3v3.4h-3.4",
  arrowDown: "M10 4v12M4.5 10.5L10 16l5.5-5.5",
  sliders: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
  shield: "M10 2.5l6 2.2V10c0 3.6-2.5 6.2-6 7.5-3.5-1.3-6-3.9-6-7.5V4.7z",
  sparkle: "M10 3l1.7 5.3L17 10l-5.3 1.7L10 17l-1.7-5.3L3 10l5.3-1.7z",
  wrench: "M12 7.5a3.5 3.5 0 0 1 4.6-4.3L14.3 5.5l.3 1.9 1.9.3 2-2M12 7.5L4 15.6l1.5 1.5L13.6 9",
  expand: "M3.5 8V3.5H8M16.5 12v4.5H12M3.5 3.5l5 5M16.5 16.5l-5-5",
  shrink: "M8 3.5V8H3.5M12 16.5V12h4.5M8 8L3.5 3.5M12 12l4.5 4.5",
  sidebar: "M3 4h14v12H3zM8 4v12",
  plugin: "M2.5 8.5h15v8.5h-15zM5 8.5V5h3.4v3.5M11.6 8.5V5H15v3.5",
  upload: "M10 12.5V3M5.5 7.5L10 3l4.5 4.5M3.5 16.5h13",
  undo: "M7.5 4L3.5 8l4 4M3.5 8H12a4.5 4.5 0 0 1 0 9H8",
  bell: "M5 14V9.5a5 5 0 0 1 10 0V14l1.5 1.5h-13zM8.2 15.5a1.9 1.9 0 0 0 3.6 0",
  filter: "M3 4.5h14l-5.5 6.5v5l-3-1.5V11z",
  pin: "M7 3h6l-1 5 2.5 2.5h-9L8 8zM10 10.5V17",
  chart: "M3 17V3M3 17h14M7 14v-4M11 14V6M15 14v-7",
  quote: "M4 5h12M4 10h12M4 15h7",
  wrap: "M3 5h14M3 10h11a2.75 2.75 0 0 1 0 5.5H9.5M11.5 13l-2.3 2.5 2.3 2.5M3 15.5h3",
  bundle: "M2.5 6.5L10 3l7.5 3.5v7.5L10 17.5 2.5 14zM2.5 6.5L10 10l7.5-3.5M10 10v7.5",
  arrowLeft: "M16 10H4M9 5l-5 5 5 5",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      // In the letters' unit: they grow with the text.
      width={`${size / 16}rem`}
      height={`${size / 16}rem`}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2.4 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} fill={name === "stop" ? "currentColor" : "none"} />
    </svg>
  );
}
