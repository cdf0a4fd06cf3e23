// An independent Kafka client for the tests: topics made and spoilt, messages produced and read, one command a run.
// `node client.mjs BROKERS COMMAND …`; answers are JSON on standard output. Not here: any rule of ours.

import { readFileSync } from 'node:fs'
import kafkajs from 'kafkajs'

const { Kafka, CompressionTypes, logLevel } = kafkajs
const [brokers, command, topic, ...rest] = process.argv.slice(2)
const kafka = new Kafka({
  clientId: 'independent',
  brokers: brokers.split(','),
  logLevel: logLevel.ERROR,
  retry: { retries: 12, initialRetryTime: 200, maxRetryTime: 1000 },
})

async function withAdmin(work) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

const lines = (file) => readFileSync(file, 'utf8').split('\n').filter((line) => line !== '')

// One event as a message: `binary` puts the envelope into headers, `structured` sends it whole, `raw` says nothing.
function message(line, mode) {
  let event
  try {
    event = JSON.parse(line)
  } catch {
    return { key: 'poison', value: line, headers: { 'x-sender': 'independent' } }
  }
  const key = String(event.subject ?? '')
  if (mode === 'structured') {
    return { key, value: line, headers: { 'content-type': 'application/cloudevents+json' } }
  }
  if (mode === 'raw') return { key, value: line }
  const headers = { 'content-type': 'application/json' }
  for (const [name, value] of Object.entries(event)) {
    if (name !== 'data') headers[`ce_${name}`] = String(value)
  }
  return { key, value: JSON.stringify(event.data ?? {}), headers }
}

async function produce(file, mode, compression) {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const messages = lines(file).map((line) => message(line, mode))
  for (let from = 0; from < messages.length; from += 500) {
    await producer.send({
      topic,
      compression: compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
      messages: messages.slice(from, from + 500),
    })
  }
  await producer.disconnect()
  return { produced: messages.length }
}

// Messages as they are given: one `{key, value}` a line.
async function put(file) {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  await producer.send({ topic, messages: lines(file).map((line) => JSON.parse(line)) })
  await producer.disconnect()
  return {}
}

// Reads every message the topic has now.
async function read() {
  const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic))
  const wanted = ends.reduce((sum, one) => sum + Number(one.high) - Number(one.low), 0)
  const consumer = kafka.consumer({ groupId: `independent-${process.pid}` })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const found = []
  if (wanted > 0) {
    await new Promise((resolve) => {
      consumer.run({
        eachMessage: async ({ partition, message }) => {
          const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)])
          const text = (bytes) => (bytes === null ? null : bytes.toString('base64'))
          found.push({
            partition,
            key: message.key === null ? null : message.key.toString(),
            value: text(message.value),
            timestamp: message.timestamp,
            headers: Object.fromEntries(headers),
          })
          if (found.length === wanted) resolve()
        },
      })
    })
  }
  await consumer.disconnect()
  return found
}

// A second member of a group, there for so many milliseconds.
async function join(group, milliseconds) {
  const consumer = kafka.consumer({ groupId: group })
  await consumer.connect()
  await consumer.subscribe({ topics: topic.split(','), fromBeginning: true })
  await consumer.run({ eachMessage: async () => {} })
  await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)))
  await consumer.disconnect()
  return {}
}

const commands = {
  create: () =>
    withAdmin((admin) => {
      const [partitions, ...settings] = rest
      const configEntries = settings.map((pair) => {
        const [name, value] = pair.split('=')
        return { name, value }
      })
      const topics = topic
        .split(',')
        .map((name) => ({ topic: name, numPartitions: Number(partitions), configEntries }))
      return admin.createTopics({ waitForLeaders: true, topics })
    }),
  grow: () =>
    withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: Number(rest[0]) }] })),
  delete: () => withAdmin((admin) => admin.deleteTopics({ topics: topic.split(',') })),
  'delete-records': () =>
    withAdmin(async (admin) => {
      // It must know the partition's leader first.
      await admin.fetchTopicMetadata({ topics: [topic] })
      return admin.deleteTopicRecords({ topic, partitions: [{ partition: Number(rest[0]), offset: rest[1] }] })
    }),
  offsets: () => withAdmin((admin) => admin.fetchTopicOffsets(topic)),
  produce: () => produce(...rest),
  put: () => put(...rest),
  read,
  join: () => join(...rest),
}

const told = await commands[command]()
// A pipe takes only so much at a time.
process.stdout.write(`${JSON.stringify(told ?? {})}\n`, () => process.exit(0))
