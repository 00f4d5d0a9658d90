// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import dev.pillion.connections.redis.RedisScript;

/**
 * What a consumer does to its group in one step: looking and claiming apart, another consumer could
 * claim between the two. The only key is the stream; commands are those of Redis 6.2.
 */
final class GroupScripts {
  // Arguments: group, consumer, idle time to set; then for each entry its id and the count to set,
  // -1 to leave it. Only what is still this consumer's is touched.
  static final RedisScript HOLD = RedisScript.of("""
      local states = {}
      for i = 4, #ARGV, 2 do
        local id, count, state = ARGV[i], ARGV[i + 1], 1
        local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], id, id, 1)
        if not pending.err and pending[1] and pending[1][2] == ARGV[2] then
          local claimed
          if count == '-1' then
            claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'IDLE', ARGV[3], 'JUSTID')
          else
            claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'IDLE', ARGV[3],
              'RETRYCOUNT', count, 'JUSTID')
          end
          state = #claimed == 1 and 0 or 2
        elseif not pending[1] and #redis.call('XRANGE', KEYS[1], id, id) == 0 then
          state = 2
        end
        states[#states + 1] = state
      end
      return states""");

  // Arguments: group, consumer, least idle time, how many at most. XCLAIM with JUSTID leaves the
  // count of deliveries as it is; an entry that is not there is acknowledged, nobody can have it.
  static final RedisScript RECLAIM = RedisScript.of("""
      local pending = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], '-', '+', ARGV[4])
      local entries, gone = {}, 0
      for _, p in ipairs(pending) do
        local entry = redis.call('XRANGE', KEYS[1], p[1], p[1])
        if #entry == 0 then
          redis.call('XACK', KEYS[1], ARGV[1], p[1])
          gone = gone + 1
        else
          redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, p[1], 'JUSTID')
          entries[#entries + 1] = {p[1], p[4], entry[1][2]}
        end
      end
      return {gone, entries}""");

  // Arguments: group, consumer, idle time to set, up to which idle time; then ids to leave alone.
  static final RedisScript LEAVE = RedisScript.of("""
      local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], '-', '+', 10000, ARGV[2])
      if pending.err then
        return 0
      end
      if #pending == 0 then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
        return 0
      end
      local kept = {}
      for i = 5, #ARGV do
        kept[ARGV[i]] = true
      end
      for _, p in ipairs(pending) do
        if p[3] <= tonumber(ARGV[4]) and not kept[p[1]] then
          redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, p[1], 'IDLE', ARGV[3], 'JUSTID')
        end
      end
      return #pending""");

  // Arguments: group, beginning of names, least idle time.
  static final RedisScript TIDY = RedisScript.of("""
      local removed = 0
      for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
        local about = {}
        for i = 1, #c, 2 do
          about[c[i]] = c[i + 1]
        end
        if string.sub(about.name, 1, #ARGV[2]) == ARGV[2] and about.pending == 0
            and about.idle >= tonumber(ARGV[3]) then
          redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about.name)
          removed = removed + 1
        end
      end
      return removed""");

  private GroupScripts() {}
}
