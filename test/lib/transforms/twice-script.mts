/** The record, and a copy for another topic. */
export default (record: { withTopic(topic: string): unknown }) => [record, record.withTopic('audit')]
