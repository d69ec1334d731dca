/**
 * Transforms that set entries of a map without a schema. Those that follow each other in a chain share one copy of the
 * map: the first makes it, and nobody else sees it before the last has set its entries.
 */
import type { Part } from '../connect/key-and-value.ts'
import type { OneToMany, Transform } from '../connect/plugin.ts'
import type { ConnectRecord } from '../connect/record.ts'
import type { Schema } from '../connect/schema.ts'
import type { FieldTransform } from './nested.ts'
import { copyFor, isStringMap, type MapCopy } from './requirements.ts'

interface Editing extends FieldTransform {
  readonly part: Part
  /** Those that are set. */
  readonly keys: readonly string[]
  /** Of the record only what isn't the part may be read. Where one throws, the copy is dropped. */
  readonly edits: readonly ((copy: MapCopy, record: ConnectRecord) => void)[]
  /** What becomes of a record whose part has a schema, or isn't a map. */
  apply(record: ConnectRecord): ConnectRecord
}

export class MapEdits implements FieldTransform, Transform {
  readonly #editing: Editing

  constructor(editing: Editing) {
    this.#editing = editing
  }

  apply(record: ConnectRecord): ConnectRecord {
    const editing = this.#editing
    const { part, edits } = editing
    const value = part.value(record)
    if (part.schema(record) !== null || !isStringMap(value)) return editing.apply(record)
    const copy = copyFor(value, editing.keys)
    for (let i = 0; i < edits.length; i++) (edits[i] as (typeof edits)[number])(copy, record)
    return part.replace(record, null, copy)
  }

  schemaOf(schema: Schema): Schema {
    return this.#editing.schemaOf(schema)
  }

  join(next: Transform | OneToMany): Transform | undefined {
    if (!(next instanceof MapEdits)) return undefined
    const [one, two] = [this.#editing, next.#editing]
    if (one.part !== two.part) return undefined
    return new MapEdits({
      part: one.part,
      keys: [...one.keys, ...two.keys],
      edits: [...one.edits, ...two.edits],
      schemaOf: (schema) => next.schemaOf(this.schemaOf(schema)),
      apply: (record) => next.apply(this.apply(record)),
    })
  }
}
