// Stands between the host and a plugin's own module; `bricklayer plugin build` writes it, with the signatures of the
// plugin's tools in the place of the table below. It brings what the interpreter lacks, turns what a tool throws into a
// failure with its text, and names the field of a result that does not fit.
import bricklayerRandom from 'wasi:random/random@0.2.0';
/*LOG*/
import './bricklayer-globals.js';
import * as plugin from '/*MODULE*/';
import { begin } from './bricklayer-globals.js';
export * from '/*MODULE*/';

const TABLE = /*TABLE*/ {};

begin.random = (length) => bricklayerRandom.getRandomBytes(length);
begin.log = typeof bricklayerLog === 'undefined' ? () => {} : (level, line) => bricklayerLog.write(level, line);

function missing(what) {
  return new Error(`BRICKLAYER-MISSING ${what}`);
}

function bind(owner, place, functions) {
  const bound = {};
  for (const [name, signature] of Object.entries(functions)) {
    const work = owner?.[name];
    if (typeof work !== 'function') throw missing(place === '' ? name : `${place}.${name}`);
    bound[name] = (...given) => call(work.bind(owner), signature, given);
  }
  return bound;
}

function call(work, signature, given) {
  begin.answering = true;
  let result;
  try {
    result = work(...given);
  } catch (error) {
    throw failure(signature.failure, error);
  }
  if (typeof result?.then === 'function') {
    throw failure(signature.failure, 'the tool is an async function: nothing can be awaited here; call the host directly and return the result');
  }
  const wrong = signature.success === null ? null : misfit(signature.success, result, 'the result');
  if (wrong !== null) throw failure(signature.failure, wrong);
  return result;
}

// What the host is told: a failure as the tool's WIT has it. An error that the WIT has no place for ends the call.
function failure(kind, error) {
  const known = error !== null && typeof error === 'object' && typeof error.kind === 'string' && typeof error.message === 'string';
  const text = known ? error.message : typeof error === 'string' ? error : `${error?.message === undefined ? error : `${error.name}: ${error.message}`}`;
  if (!known && error?.stack !== undefined) begin.log('error', `${text}\n${error.stack}`);
  if (kind === 'tool-error') {
    if (known) return { kind: error.kind, message: error.message, retryable: error.retryable === true };
    return { kind: 'failed', message: text, retryable: false };
  }
  return kind === 'string' ? text : error;
}

const wording = (value) => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'bigint') return 'a BigInt';
  if (typeof value === 'number') return `the number ${value}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};

const expects = (path, wanted, value) => `${path}: the WIT wants ${wanted}, and the tool gives ${wording(value)}`;

// What does not fit a shape, in words; null when all does.
function misfit(shape, value, path) {
  if (shape === 'any') return null;
  if (shape === 'string') return typeof value === 'string' ? null : expects(path, 'a string', value);
  if (shape === 'bool') return typeof value === 'boolean' ? null : expects(path, 'true or false', value);
  if (shape === 'float') return typeof value === 'number' ? null : expects(path, 'a number', value);
  if (shape === 'bytes') return value instanceof Uint8Array || Array.isArray(value) ? null : expects(path, 'a Uint8Array', value);
  if (shape.int !== undefined) {
    const [low, high] = shape.int;
    const fits = Number.isInteger(value) && value >= low && value <= high;
    return fits ? null : expects(path, `a whole Number from ${low} to ${high} (no BigInt)`, value);
  }
  if (shape.option !== undefined) return value === null || value === undefined ? null : misfit(shape.option, value, path);
  if (shape.enum !== undefined) {
    return shape.enum.includes(value) ? null : expects(path, `one of ${shape.enum.map((name) => `'${name}'`).join(', ')}`, value);
  }
  if (shape.list !== undefined) {
    if (!Array.isArray(value)) return expects(path, 'an array', value);
    for (let at = 0; at < value.length; at += 1) {
      const wrong = misfit(shape.list, value[at], `${path}[${at}]`);
      if (wrong !== null) return wrong;
    }
    return null;
  }
  if (value === null || typeof value !== 'object') return expects(path, 'an object', value);
  for (const [name, field] of shape.record) {
    const wrong = misfit(field, value[name], path === 'the result' ? `the result's field ${name}` : `${path}.${name}`);
    if (wrong === null) continue;
    const alike = Object.keys(value).find((key) => key !== name && key.replace(/[_-]/g, '').toLowerCase() === name.toLowerCase());
    return alike === undefined ? wrong : `${wrong}; it has ${alike}, and fields are written in camel case: ${name}`;
  }
  return null;
}
/*EXPORTS*/
