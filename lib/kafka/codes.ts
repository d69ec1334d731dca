/**
 * Kafka's error codes (`org.apache.kafka.common.protocol.Errors`, Kafka 4.3): names, exception classes, and which may
 * be retried.
 */
import { ConnectError, type ErrorKind } from '../connect/errors.ts'

const PACKAGE = 'org.apache.kafka.common.errors'

/** Code, name, exception class (of `PACKAGE` unless it names its own), whether that is a `RetriableException`. */
const TABLE: readonly (readonly [code: number, name: string, exception: string, retriable?: true])[] = [
  [-1, 'UNKNOWN_SERVER_ERROR', 'UnknownServerException'],
  [1, 'OFFSET_OUT_OF_RANGE', 'OffsetOutOfRangeException'],
  [2, 'CORRUPT_MESSAGE', 'CorruptRecordException', true],
  [3, 'UNKNOWN_TOPIC_OR_PARTITION', 'UnknownTopicOrPartitionException', true],
  [4, 'INVALID_FETCH_SIZE', 'InvalidFetchSizeException'],
  [5, 'LEADER_NOT_AVAILABLE', 'LeaderNotAvailableException', true],
  [6, 'NOT_LEADER_OR_FOLLOWER', 'NotLeaderOrFollowerException', true],
  [7, 'REQUEST_TIMED_OUT', 'TimeoutException', true],
  [8, 'BROKER_NOT_AVAILABLE', 'BrokerNotAvailableException'],
  [9, 'REPLICA_NOT_AVAILABLE', 'ReplicaNotAvailableException', true],
  [10, 'MESSAGE_TOO_LARGE', 'RecordTooLargeException'],
  [11, 'STALE_CONTROLLER_EPOCH', 'ControllerMovedException'],
  [12, 'OFFSET_METADATA_TOO_LARGE', 'OffsetMetadataTooLarge'],
  [13, 'NETWORK_EXCEPTION', 'NetworkException', true],
  [14, 'COORDINATOR_LOAD_IN_PROGRESS', 'CoordinatorLoadInProgressException', true],
  [15, 'COORDINATOR_NOT_AVAILABLE', 'CoordinatorNotAvailableException', true],
  [16, 'NOT_COORDINATOR', 'NotCoordinatorException', true],
  [17, 'INVALID_TOPIC_EXCEPTION', 'InvalidTopicException'],
  [18, 'RECORD_LIST_TOO_LARGE', 'RecordBatchTooLargeException'],
  [19, 'NOT_ENOUGH_REPLICAS', 'NotEnoughReplicasException', true],
  [20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'NotEnoughReplicasAfterAppendException', true],
  [21, 'INVALID_REQUIRED_ACKS', 'InvalidRequiredAcksException'],
  [22, 'ILLEGAL_GENERATION', 'IllegalGenerationException'],
  [23, 'INCONSISTENT_GROUP_PROTOCOL', 'InconsistentGroupProtocolException'],
  [24, 'INVALID_GROUP_ID', 'InvalidGroupIdException'],
  [25, 'UNKNOWN_MEMBER_ID', 'UnknownMemberIdException'],
  [26, 'INVALID_SESSION_TIMEOUT', 'InvalidSessionTimeoutException'],
  [27, 'REBALANCE_IN_PROGRESS', 'RebalanceInProgressException'],
  [28, 'INVALID_COMMIT_OFFSET_SIZE', 'InvalidCommitOffsetSizeException'],
  [29, 'TOPIC_AUTHORIZATION_FAILED', 'TopicAuthorizationException'],
  [30, 'GROUP_AUTHORIZATION_FAILED', 'GroupAuthorizationException'],
  [31, 'CLUSTER_AUTHORIZATION_FAILED', 'ClusterAuthorizationException'],
  [32, 'INVALID_TIMESTAMP', 'InvalidTimestampException'],
  [33, 'UNSUPPORTED_SASL_MECHANISM', 'UnsupportedSaslMechanismException'],
  [34, 'ILLEGAL_SASL_STATE', 'IllegalSaslStateException'],
  [35, 'UNSUPPORTED_VERSION', 'UnsupportedVersionException'],
  [36, 'TOPIC_ALREADY_EXISTS', 'TopicExistsException'],
  [37, 'INVALID_PARTITIONS', 'InvalidPartitionsException'],
  [38, 'INVALID_REPLICATION_FACTOR', 'InvalidReplicationFactorException'],
  [39, 'INVALID_REPLICA_ASSIGNMENT', 'InvalidReplicaAssignmentException'],
  [40, 'INVALID_CONFIG', 'InvalidConfigurationException'],
  [41, 'NOT_CONTROLLER', 'NotControllerException', true],
  [42, 'INVALID_REQUEST', 'InvalidRequestException'],
  [43, 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'UnsupportedForMessageFormatException'],
  [44, 'POLICY_VIOLATION', 'PolicyViolationException'],
  [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'OutOfOrderSequenceException'],
  [46, 'DUPLICATE_SEQUENCE_NUMBER', 'DuplicateSequenceException'],
  [47, 'INVALID_PRODUCER_EPOCH', 'InvalidProducerEpochException'],
  [48, 'INVALID_TXN_STATE', 'InvalidTxnStateException'],
  [49, 'INVALID_PRODUCER_ID_MAPPING', 'InvalidPidMappingException'],
  [50, 'INVALID_TRANSACTION_TIMEOUT', 'InvalidTxnTimeoutException'],
  [51, 'CONCURRENT_TRANSACTIONS', 'ConcurrentTransactionsException', true],
  [52, 'TRANSACTION_COORDINATOR_FENCED', 'TransactionCoordinatorFencedException'],
  [53, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'TransactionalIdAuthorizationException'],
  [54, 'SECURITY_DISABLED', 'SecurityDisabledException'],
  [55, 'OPERATION_NOT_ATTEMPTED', 'OperationNotAttemptedException'],
  [56, 'KAFKA_STORAGE_ERROR', 'KafkaStorageException', true],
  [57, 'LOG_DIR_NOT_FOUND', 'LogDirNotFoundException'],
  [58, 'SASL_AUTHENTICATION_FAILED', 'SaslAuthenticationException'],
  [59, 'UNKNOWN_PRODUCER_ID', 'UnknownProducerIdException'],
  [60, 'REASSIGNMENT_IN_PROGRESS', 'ReassignmentInProgressException'],
  [61, 'DELEGATION_TOKEN_AUTH_DISABLED', 'DelegationTokenDisabledException'],
  [62, 'DELEGATION_TOKEN_NOT_FOUND', 'DelegationTokenNotFoundException'],
  [63, 'DELEGATION_TOKEN_OWNER_MISMATCH', 'DelegationTokenOwnerMismatchException'],
  [64, 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', 'UnsupportedByAuthenticationException'],
  [65, 'DELEGATION_TOKEN_AUTHORIZATION_FAILED', 'DelegationTokenAuthorizationException'],
  [66, 'DELEGATION_TOKEN_EXPIRED', 'DelegationTokenExpiredException'],
  [67, 'INVALID_PRINCIPAL_TYPE', 'InvalidPrincipalTypeException'],
  [68, 'NON_EMPTY_GROUP', 'GroupNotEmptyException'],
  [69, 'GROUP_ID_NOT_FOUND', 'GroupIdNotFoundException'],
  [70, 'FETCH_SESSION_ID_NOT_FOUND', 'FetchSessionIdNotFoundException', true],
  [71, 'INVALID_FETCH_SESSION_EPOCH', 'InvalidFetchSessionEpochException', true],
  [72, 'LISTENER_NOT_FOUND', 'ListenerNotFoundException', true],
  [73, 'TOPIC_DELETION_DISABLED', 'TopicDeletionDisabledException'],
  [74, 'FENCED_LEADER_EPOCH', 'FencedLeaderEpochException', true],
  [75, 'UNKNOWN_LEADER_EPOCH', 'UnknownLeaderEpochException', true],
  [76, 'UNSUPPORTED_COMPRESSION_TYPE', 'UnsupportedCompressionTypeException'],
  [77, 'STALE_BROKER_EPOCH', 'StaleBrokerEpochException'],
  [78, 'OFFSET_NOT_AVAILABLE', 'OffsetNotAvailableException', true],
  [79, 'MEMBER_ID_REQUIRED', 'MemberIdRequiredException'],
  [80, 'PREFERRED_LEADER_NOT_AVAILABLE', 'PreferredLeaderNotAvailableException', true],
  [81, 'GROUP_MAX_SIZE_REACHED', 'GroupMaxSizeReachedException'],
  [82, 'FENCED_INSTANCE_ID', 'FencedInstanceIdException'],
  [83, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', 'EligibleLeadersNotAvailableException', true],
  [84, 'ELECTION_NOT_NEEDED', 'ElectionNotNeededException', true],
  [85, 'NO_REASSIGNMENT_IN_PROGRESS', 'NoReassignmentInProgressException'],
  [86, 'GROUP_SUBSCRIBED_TO_TOPIC', 'GroupSubscribedToTopicException'],
  [87, 'INVALID_RECORD', 'org.apache.kafka.common.InvalidRecordException'],
  [88, 'UNSTABLE_OFFSET_COMMIT', 'UnstableOffsetCommitException', true],
  [89, 'THROTTLING_QUOTA_EXCEEDED', 'ThrottlingQuotaExceededException', true],
  [90, 'PRODUCER_FENCED', 'ProducerFencedException'],
  [91, 'RESOURCE_NOT_FOUND', 'ResourceNotFoundException'],
  [92, 'DUPLICATE_RESOURCE', 'DuplicateResourceException'],
  [93, 'UNACCEPTABLE_CREDENTIAL', 'UnacceptableCredentialException'],
  [94, 'INCONSISTENT_VOTER_SET', 'InconsistentVoterSetException'],
  [95, 'INVALID_UPDATE_VERSION', 'InvalidUpdateVersionException'],
  [96, 'FEATURE_UPDATE_FAILED', 'FeatureUpdateFailedException'],
  [97, 'PRINCIPAL_DESERIALIZATION_FAILURE', 'PrincipalDeserializationException'],
  [98, 'SNAPSHOT_NOT_FOUND', 'SnapshotNotFoundException'],
  [99, 'POSITION_OUT_OF_RANGE', 'PositionOutOfRangeException'],
  [100, 'UNKNOWN_TOPIC_ID', 'UnknownTopicIdException', true],
  [101, 'DUPLICATE_BROKER_REGISTRATION', 'DuplicateBrokerRegistrationException'],
  [102, 'BROKER_ID_NOT_REGISTERED', 'BrokerIdNotRegisteredException'],
  [103, 'INCONSISTENT_TOPIC_ID', 'InconsistentTopicIdException', true],
  [104, 'INCONSISTENT_CLUSTER_ID', 'InconsistentClusterIdException'],
  [105, 'TRANSACTIONAL_ID_NOT_FOUND', 'TransactionalIdNotFoundException'],
  [106, 'FETCH_SESSION_TOPIC_ID_ERROR', 'FetchSessionTopicIdException', true],
  [107, 'INELIGIBLE_REPLICA', 'IneligibleReplicaException'],
  [108, 'NEW_LEADER_ELECTED', 'NewLeaderElectedException'],
  [109, 'OFFSET_MOVED_TO_TIERED_STORAGE', 'OffsetMovedToTieredStorageException'],
  [110, 'FENCED_MEMBER_EPOCH', 'FencedMemberEpochException'],
  [111, 'UNRELEASED_INSTANCE_ID', 'UnreleasedInstanceIdException'],
  [112, 'UNSUPPORTED_ASSIGNOR', 'UnsupportedAssignorException'],
  [113, 'STALE_MEMBER_EPOCH', 'StaleMemberEpochException'],
  [114, 'MISMATCHED_ENDPOINT_TYPE', 'MismatchedEndpointTypeException'],
  [115, 'UNSUPPORTED_ENDPOINT_TYPE', 'UnsupportedEndpointTypeException'],
  [116, 'UNKNOWN_CONTROLLER_ID', 'UnknownControllerIdException'],
  [117, 'UNKNOWN_SUBSCRIPTION_ID', 'UnknownSubscriptionIdException'],
  [118, 'TELEMETRY_TOO_LARGE', 'TelemetryTooLargeException'],
  [119, 'INVALID_REGISTRATION', 'InvalidRegistrationException'],
  [120, 'TRANSACTION_ABORTABLE', 'TransactionAbortableException'],
  [121, 'INVALID_RECORD_STATE', 'InvalidRecordStateException'],
  [122, 'SHARE_SESSION_NOT_FOUND', 'ShareSessionNotFoundException', true],
  [123, 'INVALID_SHARE_SESSION_EPOCH', 'InvalidShareSessionEpochException', true],
  [124, 'FENCED_STATE_EPOCH', 'FencedStateEpochException'],
  [125, 'INVALID_VOTER_KEY', 'InvalidVoterKeyException'],
  [126, 'DUPLICATE_VOTER', 'DuplicateVoterException'],
  [127, 'VOTER_NOT_FOUND', 'VoterNotFoundException'],
  [128, 'INVALID_REGULAR_EXPRESSION', 'InvalidRegularExpression'],
  [129, 'REBOOTSTRAP_REQUIRED', 'RebootstrapRequiredException'],
  [130, 'STREAMS_INVALID_TOPOLOGY', 'StreamsInvalidTopologyException'],
  [131, 'STREAMS_INVALID_TOPOLOGY_EPOCH', 'StreamsInvalidTopologyEpochException'],
  [132, 'STREAMS_TOPOLOGY_FENCED', 'StreamsTopologyFencedException'],
  [133, 'SHARE_SESSION_LIMIT_REACHED', 'ShareSessionLimitReachedException', true],
]

const BY_CODE = new Map(TABLE.map((row) => [row[0], row]))

/** What a user can do about it, where that is known. */
const ADVICE: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: 'raise max.message.bytes of the topic, or send less at once',
  NOT_ENOUGH_REPLICAS: "the topic's min.insync.replicas asks for more replicas than are in sync",
  TOPIC_AUTHORIZATION_FAILED: "grant the client's principal access to the topic",
  GROUP_AUTHORIZATION_FAILED: "grant the client's principal access to the group",
  CLUSTER_AUTHORIZATION_FAILED: "grant the client's principal access to the cluster",
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "grant the client's principal access to the transactional id",
  INVALID_REPLICATION_FACTOR: 'ask for no more replicas than there are brokers',
  PRODUCER_FENCED: 'another producer with the same transactional id has taken over',
  INVALID_PRODUCER_EPOCH: 'another producer with the same transactional id has taken over',
}

/** These are about single records, not about the client or the cluster. */
const DATA = new Set(['MESSAGE_TOO_LARGE', 'INVALID_TIMESTAMP', 'INVALID_RECORD'])

/** An error code that a broker answered. */
export class KafkaError extends ConnectError {
  readonly code: number
  /** `NOT_LEADER_OR_FOLLOWER`, ...; `UNKNOWN_CODE_n` for one that Kafka 4.3 doesn't know. */
  readonly codeName: string

  constructor(code: number, message: string, cause?: unknown) {
    const row = BY_CODE.get(code)
    const exception = row?.[2] ?? 'org.apache.kafka.common.KafkaException'
    const kind: ErrorKind = row?.[3] ? 'retriable' : DATA.has(codeName(code)) ? 'data' : 'fatal'
    super(message, { kind, javaClass: exception.includes('.') ? exception : `${PACKAGE}.${exception}`, cause })
    this.code = code
    this.codeName = codeName(code)
  }
}

/** `NOT_LEADER_OR_FOLLOWER` for 6. */
function codeName(code: number): string {
  return BY_CODE.get(code)?.[1] ?? `UNKNOWN_CODE_${code}`
}

/** Whether Kafka's own clients would try again. */
export function isRetriable(code: number): boolean {
  return BY_CODE.get(code)?.[3] === true
}

/**
 * The error for a code: "WHAT: NAME (the broker's own words; what to do)". `what` says what was asked for:
 * "Creating topic orders".
 */
export function kafkaError(code: number, what: string, detail?: string | null): KafkaError {
  const name = codeName(code)
  const words = [detail, ADVICE[name]].filter(Boolean).join('; ')
  return new KafkaError(code, `${what}: ${name}${words === '' ? '' : ` (${words})`}`)
}

/** Throws for any code but 0. */
export function failOn(code: number, what: string, detail?: string | null): void {
  if (code !== 0) throw kafkaError(code, what, detail)
}

/** The codes that are looked for by name. */
export const CODES = {
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6,
  NETWORK_EXCEPTION: 13,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  INVALID_TOPIC_EXCEPTION: 17,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  TOPIC_AUTHORIZATION_FAILED: 29,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37,
  NOT_CONTROLLER: 41,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  CONCURRENT_TRANSACTIONS: 51,
  SECURITY_DISABLED: 54,
  NON_EMPTY_GROUP: 68,
  GROUP_ID_NOT_FOUND: 69,
  MEMBER_ID_REQUIRED: 79,
  FENCED_INSTANCE_ID: 82,
  GROUP_SUBSCRIBED_TO_TOPIC: 86,
  PRODUCER_FENCED: 90,
  FENCED_MEMBER_EPOCH: 110,
  STALE_MEMBER_EPOCH: 113,
} as const
