import { queryOptions } from "@tanstack/react-query";
import { send } from "@/api/http";
import type { ResultInfo } from "@/api/types";
import { generationOf, resultPath } from "./result";

/** What of a long text is shown at its beginning and its end. */
const HEAD_BYTES = 200_000;
const TAIL_BYTES = 40_000;

export const contentPath = (id: string): string => `${resultPath(id)}/content`;

/** What the host sends to be shown in place. */
const pictures = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

export function isPicture({ content, media_type }: Pick<ResultInfo, "content" | "media_type">): boolean {
  return content === "image" && pictures.has(media_type ?? "");
}

interface TextPart {
  readonly head: string;
  readonly tail: string;
  /** Bytes between them. */
  readonly hidden: number;
}

type TextResult = Pick<ResultInfo, "id" | "bytes" | "state" | "rows">;

/** Beginning and end of a text result; all of a short one. */
export const textQuery = (info: TextResult) =>
  queryOptions({
    queryKey: ["results", info.id, "text", generationOf(info), info.bytes],
    queryFn: async ({ signal }): Promise<TextPart> => {
      const read = async (from: number, to: number): Promise<string> => {
        const response = await send(contentPath(info.id), { headers: { range: `bytes=${from}-${to - 1}` }, signal });
        return response.text();
      };
      if (info.bytes === 0) return { head: "", tail: "", hidden: 0 };
      if (info.bytes <= HEAD_BYTES + TAIL_BYTES) return { head: await read(0, info.bytes), tail: "", hidden: 0 };
      const [head, tail] = await Promise.all([read(0, HEAD_BYTES), read(info.bytes - TAIL_BYTES, info.bytes)]);
      return { head, tail, hidden: info.bytes - HEAD_BYTES - TAIL_BYTES };
    },
    staleTime: Infinity,
    gcTime: 60_000,
  });
