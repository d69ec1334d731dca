/**
 * The order in which a `java.util.HashMap` or `HashSet` of strings hands them out. It shows in Connect where several
 * fields of a record are wrong: the first one is named.
 */

/** `initial` as given to the constructor: 16, or more for a copy of something larger. */
export function hashOrder(keys: Iterable<string>, initial = 16): string[] {
  const distinct = [...new Set(keys)]
  let capacity = 1
  while (capacity < initial) capacity *= 2
  while (distinct.length > capacity * 0.75) capacity *= 2
  return distinct
    .map((key) => ({ key, bucket: spread(hashCode(key)) & (capacity - 1) }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ key }) => key)
}

/** `String.hashCode`. */
function hashCode(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

const spread = (hash: number) => hash ^ (hash >>> 16)
