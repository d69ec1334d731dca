/** The names that dates have in Java's locale en_US. */

export const ERAS = ['BC', 'AD']
export const MERIDIEMS = ['AM', 'PM']
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
export const SHORT_MONTHS: readonly string[] = MONTHS.map((name) => name.slice(0, 3))
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
export const SHORT_WEEKDAYS: readonly string[] = WEEKDAYS.map((name) => name.slice(0, 3))
