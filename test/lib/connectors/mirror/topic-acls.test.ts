/** Whoever may read a topic may read its copy, where the clusters have an authorizer. */
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } from 'kafkajs'
import { expect, test } from 'vitest'
import { startKafka } from '../../../kafka-broker.ts'
import { mirror, tendOf } from './kit.ts'

test("a topic's ACLs are copied, but for the right to write", { timeout: 60_000 }, async () => {
  await using broker = await startKafka({ authorizer: true })
  const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    topics: ['orders', 'east.orders', 'others'].map((topic) => ({ topic, numPartitions: 1 })),
  })
  const { READ, WRITE, ALL, DESCRIBE } = AclOperationTypes
  const of = (principal: string, operation: AclOperationTypes, permissionType = AclPermissionTypes.ALLOW) => ({
    resourceType: AclResourceTypes.TOPIC,
    resourceName: 'orders',
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: `User:${principal}`,
    host: '*',
    operation,
    permissionType,
  })
  await admin.createAcls({
    acl: [
      of('reader', READ),
      of('writer', WRITE),
      of('owner', ALL),
      of('barred', WRITE, AclPermissionTypes.DENY),
      { ...of('somebody', DESCRIBE), resourceName: 'others' },
      { ...of('many', READ), resourceName: 'ord', resourcePatternType: ResourcePatternTypes.PREFIXED },
    ],
  })
  const raw = {
    name: 'copy',
    'source.cluster.alias': 'east',
    'target.cluster.alias': 'west',
    'source.cluster.bootstrap.servers': broker.bootstrap,
    'target.cluster.bootstrap.servers': broker.bootstrap,
    topics: 'orders',
  }
  const connector = await mirror('Source')
  const copied = async () => {
    const { resources } = await admin.describeAcls({
      resourceType: AclResourceTypes.TOPIC,
      resourceName: 'east.orders',
      resourcePatternType: ResourcePatternTypes.LITERAL,
      operation: AclOperationTypes.ANY,
      permissionType: AclPermissionTypes.ANY,
    })
    const acls = resources.flatMap((one) => one.acls)
    return acls.map(({ principal, operation, permissionType }) => [principal, operation, permissionType]).sort()
  }
  await tendOf(connector, { ...raw, 'sync.topic.acls.enabled': 'false' }, [])
  expect(await copied()).toEqual([])
  await tendOf(connector, raw, [])
  const wanted = [
    ['User:barred', WRITE, AclPermissionTypes.DENY],
    ['User:owner', READ, AclPermissionTypes.ALLOW],
    ['User:reader', READ, AclPermissionTypes.ALLOW],
  ]
  expect(await copied()).toEqual(wanted)
  await tendOf(connector, raw, [])
  expect(await copied()).toEqual(wanted)
  await admin.disconnect()
})
