/** Conditions and updates of items, rendered as DynamoDB's expressions with every name and value as a placeholder. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { type Attribute, marshal } from './attributes.ts'

/** An attribute's name, or the names on the way into a map. */
export type Path = string | readonly string[]

export type Condition = (expression: Expression) => string

export interface Update {
  readonly set?: readonly (readonly [path: Path, value: Attribute])[]
  readonly remove?: readonly Path[]
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

  update({ set = [], remove = [] }: Update): string {
    const parts: string[] = []
    if (set.length > 0) parts.push(`SET ${set.map(([p, v]) => `${this.name(p)} = ${this.value(v)}`).join(', ')}`)
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

/** Maps and lists are compared whole; null is a value like others, and not the same as absent. */
export function equal(path: Path, value: Attribute): Condition {
  return (e) => `${e.name(path)} = ${e.value(value)}`
}

export function absent(path: Path): Condition {
  return (e) => `attribute_not_exists(${e.name(path)})`
}

export function present(path: Path): Condition {
  return (e) => `attribute_exists(${e.name(path)})`
}

export function below(path: Path, limit: number): Condition {
  return (e) => `${e.name(path)} < ${e.value(limit)}`
}

export function all(...conditions: readonly Condition[]): Condition {
  return (e) => conditions.map((condition) => `(${condition(e)})`).join(' AND ')
}

export function any(...conditions: readonly Condition[]): Condition {
  return (e) => conditions.map((condition) => `(${condition(e)})`).join(' OR ')
}
