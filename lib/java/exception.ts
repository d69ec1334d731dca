/** Errors of one record whose Java class isn't Connect's `DataException`. */
import { ConnectError } from '../connect/errors.ts'

const error = (javaClass: string) => (message: string) => new ConnectError(message, { kind: 'data', javaClass })

export const illegalArgument: (message: string) => ConnectError = error('java.lang.IllegalArgumentException')
export const indexOutOfBounds: (message: string) => ConnectError = error('java.lang.IndexOutOfBoundsException')
export const nullPointer: (message: string) => ConnectError = error('java.lang.NullPointerException')
export const schemaBuilderError: (message: string) => ConnectError = error(
  'org.apache.kafka.connect.errors.SchemaBuilderException',
)
/** `ConnectException`, where it is about one record. */
export const connectError: (message: string) => ConnectError = error('org.apache.kafka.connect.errors.ConnectException')
