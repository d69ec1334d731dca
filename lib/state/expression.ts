/** Conditions and updates of items, rendered as DynamoDB's expressions with every name and value as a placeholder. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { type Attribute, marshal } from './attributes.ts'

/** An attribute's name, or the names on the way into a map. */
export type Path = string | readonly string[]

export type Condition =
  /** Maps and lists are compared whole; null is a value like others, and not the same as absent. */
  | { readonly kind: 'equal'; readonly path: Path; readonly value: Attribute }
  | { readonly kind: 'absent' | 'present'; readonly path: Path }
  | { readonly kind: 'below'; readonly path: Path; readonly limit: number }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }

export interface Update {
  readonly set?: readonly (readonly [path: Path, value: Attribute])[]
  readonly remove?: readonly Path[]
  /** To a number, or to 0 where there is none. */
  readonly add?: readonly (readonly [name: string, value: number])[]
  /** What is there stays. */
  readonly setIfAbsent?: readonly (readonly [path: Path, value: Attribute])[]
}

/** Gathers the placeholders of one request. */
export class Expression {
  readonly names: Record<string, string> = {}
  readonly values: Record<string, AttributeValue> = {}
  #names = 0
  #values = 0

  name(path: Path): string {
    const names = typeof path === 'string' ? [path] : path
    return names.map((name) => this.#placeholder(name)).join('.')
  }

  value(value: Attribute): string {
    const placeholder = `:v${this.#values++}`
    this.values[placeholder] = marshal(value)
    return placeholder
  }

  condition(condition: Condition): string {
    switch (condition.kind) {
      case 'equal':
        return `${this.name(condition.path)} = ${this.value(condition.value)}`
      case 'absent':
        return `attribute_not_exists(${this.name(condition.path)})`
      case 'present':
        return `attribute_exists(${this.name(condition.path)})`
      case 'below':
        return `${this.name(condition.path)} < ${this.value(condition.limit)}`
      case 'all':
        return condition.of.map((one) => `(${this.condition(one)})`).join(' AND ')
      case 'any':
        return condition.of.map((one) => `(${this.condition(one)})`).join(' OR ')
      default:
        return condition satisfies never
    }
  }

  update({ set = [], remove = [], add = [], setIfAbsent = [] }: Update): string {
    const parts: string[] = []
    const sets = set.map(([p, v]) => `${this.name(p)} = ${this.value(v)}`)
    for (const [p, v] of setIfAbsent) sets.push(`${this.name(p)} = if_not_exists(${this.name(p)}, ${this.value(v)})`)
    if (sets.length > 0) parts.push(`SET ${sets.join(', ')}`)
    if (add.length > 0) parts.push(`ADD ${add.map(([name, v]) => `${this.name(name)} ${this.value(v)}`).join(', ')}`)
    if (remove.length > 0) parts.push(`REMOVE ${remove.map((p) => this.name(p)).join(', ')}`)
    return parts.join(' ')
  }

  #placeholder(name: string): string {
    for (const [placeholder, known] of Object.entries(this.names)) if (known === name) return placeholder
    const placeholder = `#n${this.#names++}`
    this.names[placeholder] = name
    return placeholder
  }
}

export function equal(path: Path, value: Attribute): Condition {
  return { kind: 'equal', path, value }
}

export function absent(path: Path): Condition {
  return { kind: 'absent', path }
}

export function present(path: Path): Condition {
  return { kind: 'present', path }
}

export function below(path: Path, limit: number): Condition {
  return { kind: 'below', path, limit }
}

export function all(...of: readonly Condition[]): Condition {
  return { kind: 'all', of }
}

export function any(...of: readonly Condition[]): Condition {
  return { kind: 'any', of }
}
