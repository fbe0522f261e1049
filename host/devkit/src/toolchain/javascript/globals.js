// What the interpreter lacks of what every JavaScript has: random numbers that differ in each call, crypto, console,
// text encoding, structuredClone, and dates that know NaN. Loaded before the plugin's own module.

/** Filled in by the entry; `answering` is true from a call's first line on, and false while the package is built. */
export const begin = { answering: false, random: null, log: null };

function bytes(length) {
  if (!begin.answering) {
    throw new Error('random numbers at the top of a module would be the same in every call: make them within a tool');
  }
  return Uint8Array.from(begin.random(length));
}

// xoshiro128**, seeded once in each call, which has an interpreter of its own.
let state = null;

function word() {
  if (state === null) state = new Uint32Array(bytes(16).buffer);
  const rotate = (value, by) => ((value << by) | (value >>> (32 - by))) >>> 0;
  const [a, b, c, d] = state;
  const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
  const e = c ^ a;
  const f = d ^ b;
  state[1] = b ^ e;
  state[0] = a ^ f;
  state[2] = e ^ (b << 9);
  state[3] = rotate(f, 11);
  return result;
}

Math.random = () => ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992;

const RANDOM_BYTES = 65536;

function define(name, value) {
  if (globalThis[name] === undefined) Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}

define('crypto', {
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || array instanceof Float32Array || array instanceof Float64Array || array instanceof DataView) {
      throw new TypeError('crypto.getRandomValues takes an array of integers, such as a Uint8Array');
    }
    if (array.byteLength > RANDOM_BYTES) throw new RangeError(`crypto.getRandomValues gives at most ${RANDOM_BYTES} bytes at once`);
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes(array.byteLength));
    return array;
  },
  randomUUID() {
    const random = bytes(16);
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    const hex = [...random].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  },
});

function shown(value) {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.stack ? `${value}\n${value.stack}` : `${value}`;
  if (typeof value === 'function') return `[function ${value.name}]`;
  try {
    return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)) ?? String(value);
  } catch {
    return String(value);
  }
}

// Lines for the operator's log, and for `plugin dev` and `plugin test --logs`; silent while the package is built.
const line = (level) => (...values) => {
  if (begin.answering) begin.log(level, values.map(shown).join(' '));
};
define('console', {
  log: line('info'), info: line('info'), debug: line('debug'), trace: line('debug'), warn: line('warn'), error: line('error'),
  assert: (holds, ...values) => { if (!holds) line('error')('assertion failed', ...values); },
});

const UNKNOWN = 0xfffd;
const CHUNK = 4096;

define('TextEncoder', class TextEncoder {
  get encoding() { return 'utf-8'; }
  encode(text = '') {
    const out = [];
    for (const character of String(text)) {
      let code = character.codePointAt(0);
      if (code >= 0xd800 && code < 0xe000) code = UNKNOWN;
      if (code < 0x80) out.push(code);
      else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
      else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
      else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    }
    return new Uint8Array(out);
  }
});

define('TextDecoder', class TextDecoder {
  constructor(label = 'utf-8', { fatal = false } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`TextDecoder knows UTF-8 only, and not ${label}`);
    this.fatal = fatal;
  }
  get encoding() { return 'utf-8'; }
  decode(input = new Uint8Array(0)) {
    const data = ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
    let text = '';
    let codes = [];
    let at = data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf ? 3 : 0;
    while (at < data.length) {
      const first = data[at];
      at += 1;
      let left = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
      const least = [0, 0x80, 0x800, 0x10000][left] ?? 0;
      let code = left < 0 ? UNKNOWN : left === 0 ? first : first & (0x3f >> left);
      let whole = left >= 0;
      for (; left > 0; left -= 1) {
        if ((data[at] & 0xc0) !== 0x80) { whole = false; break; }
        code = (code << 6) | (data[at] & 0x3f);
        at += 1;
      }
      if (!whole || code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        if (this.fatal) throw new TypeError('the bytes are no UTF-8');
        code = UNKNOWN;
      }
      codes.push(code);
      if (codes.length === CHUNK) {
        text += String.fromCodePoint(...codes);
        codes = [];
      }
    }
    return text + String.fromCodePoint(...codes);
  }
});

define('structuredClone', function structuredClone(value, seen = new Map()) {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`a ${typeof value} cannot be cloned`);
  if (value === null || typeof value !== 'object') return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => { seen.set(value, copy); return copy; };
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof Map) {
    const copy = keep(new Map());
    for (const [key, item] of value) copy.set(structuredClone(key, seen), structuredClone(item, seen));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    for (const item of value) copy.add(structuredClone(item, seen));
    return copy;
  }
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) return keep(value.slice());
  if (value instanceof Error) return keep(Object.assign(new value.constructor(value.message), { stack: value.stack }));
  const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
  for (const key of Object.keys(value)) copy[key] = structuredClone(value[key], seen);
  return copy;
});

// The interpreter keeps a date when a part of it is set to NaN; in the language it becomes invalid.
for (const part of ['Milliseconds', 'Seconds', 'Minutes', 'Hours', 'Date', 'Month', 'FullYear']) {
  for (const name of [`set${part}`, `setUTC${part}`]) {
    const set = Date.prototype[name];
    Object.defineProperty(Date.prototype, name, {
      value(...parts) {
        return parts.length === 0 || parts.some((value) => !Number.isFinite(Number(value))) ? this.setTime(NaN) : set.apply(this, parts);
      },
      writable: true,
      configurable: true,
    });
  }
}
