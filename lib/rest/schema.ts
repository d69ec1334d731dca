/**
 * What routes take and answer, as JSON Schema (2020-12, as OpenAPI 3.1 has it) and as the TypeScript type it stands
 * for: `type Info = Static<typeof info>`.
 */

declare const as: unique symbol

export type JsonSchema = { readonly [keyword: string]: unknown }

export type Schema<T = unknown> = JsonSchema & { readonly [as]?: T }

export type Static<S> = S extends Schema<infer T> ? T : never

/** A key that may be absent. */
export interface Optional<T> {
  readonly optional: Schema<T>
}

type Fields = Readonly<Record<string, Schema<unknown> | Optional<unknown>>>

type Required<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Optional<unknown> ? never : K]: Static<F[K]>
}
type Possible<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Optional<unknown> ? K : never]?: F[K] extends Optional<infer T> ? T : never
}

export const text: Schema<string> = { type: 'string' }
export const bool: Schema<boolean> = { type: 'boolean' }
export const integer: Schema<number> = { type: 'integer' }
export const number: Schema<number> = { type: 'number' }
/** Anything that JSON can hold. */
export const anything: Schema<unknown> = {}

export function oneOf<const T extends string>(...values: readonly T[]): Schema<T> {
  return { type: 'string', enum: values }
}

export function array<T>(items: Schema<T>): Schema<readonly T[]> {
  return { type: 'array', items }
}

/** An object whose keys are names. */
export function map<T>(values: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return { type: 'object', additionalProperties: values }
}

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return { anyOf: [schema, { type: 'null' }] }
}

export function either<A, B>(one: Schema<A>, other: Schema<B>): Schema<A | B> {
  return { anyOf: [one, other] }
}

export function optional<T>(schema: Schema<T>): Optional<T> {
  return { optional: schema }
}

/** An object of these keys and no others. */
export function object<F extends Fields>(fields: F): Schema<Required<F> & Possible<F>> {
  const entries = Object.entries(fields)
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([key, field]) => [key, isOptional(field) ? field.optional : field])),
    required: entries.filter(([, field]) => !isOptional(field)).map(([key]) => key),
    additionalProperties: false,
  }
}

function isOptional(field: Schema<unknown> | Optional<unknown>): field is Optional<unknown> {
  return 'optional' in field
}

/** With its own name among the document's schemas. */
export function named<T>(title: string, schema: Schema<T>): Schema<T> {
  return { title, ...schema }
}

export function described<T>(description: string, schema: Schema<T>): Schema<T> {
  return { ...schema, description }
}
