// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.connections.redis.RedisCall;
import dev.pillion.connections.redis.RedisScript;
import dev.pillion.state.spi.Condition;
import dev.pillion.state.spi.StateChange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Changes as one call of a script that judges every condition before it writes anything, and sets
 * or clears expiries in the same step. It answers 0, or the place of the first change, counted from
 * 1, whose condition does not hold.
 */
final class Writes {
  /**
   * For each change a key, and four arguments: what to do ({@code hash}, {@code json},
   * {@code delete}, {@code delete-json}), under which condition ({@code *} always, {@code -} where
   * no key is, else over this version), after how many seconds it goes (empty for never), the
   * value.
   *
   * <p>Fields as Dapr's: {@code data}, {@code version} counted up by every write,
   * {@code first-write} 0 when written so. A key that holds anything but a well-formed entry is
   * removed first, as in Dapr, but only by a write without condition. Written for Redis 6.2.
   */
  private static final RedisScript SCRIPT = RedisScript.of("""
      local broken, badjson = {}, {}
      local function integer(v)
        return #v < 19 and (v == '0' or string.match(v, '^%-?[1-9]%d*$'))
      end
      for i, key in ipairs(KEYS) do
        local a = i * 4 - 3
        local kind, condition, version = ARGV[a], ARGV[a + 1], false
        if kind == 'hash' or (kind == 'delete' and condition ~= '*') then
          version = redis.pcall('HGET', key, 'version')
          if type(version) == 'table' then
            if not string.find(version.err, 'WRONGTYPE', 1, true) then return version end
            broken[key] = true
          elseif version and not integer(version) then
            broken[key] = true
          end
        elseif kind == 'json' or kind == 'delete-json' then
          local held = redis.call('TYPE', key).ok
          if held == 'ReJSON-RL' then
            version = redis.pcall('JSON.GET', key, '.version')
          elseif held ~= 'none' then
            badjson[key] = true
          end
        end
        if condition == '-' then
          if redis.call('EXISTS', key) == 1 then return i end
        elseif condition ~= '*' and condition ~= version then
          return i
        end
      end
      for i, key in ipairs(KEYS) do
        local a = i * 4 - 3
        local kind, condition, seconds, value = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3]
        if kind == 'hash' then
          if broken[key] then redis.call('DEL', key) end
          if condition == '-' then
            redis.call('HSET', key, 'data', value, 'first-write', '0')
          else
            redis.call('HSET', key, 'data', value)
          end
          redis.call('HINCRBY', key, 'version', 1)
          broken[key], badjson[key] = nil, true
        elseif kind == 'json' then
          if badjson[key] then redis.call('DEL', key) end
          local version = redis.pcall('JSON.GET', key, '.version')
          version = type(version) == 'string' and tonumber(version) or 0
          local first = condition == '-' and ',"first-write":0' or ''
          redis.call('JSON.SET', key, '$', string.format(
            '{"data":%s%s,"version":%.0f}', value, first, version + 1))
          broken[key], badjson[key] = true, nil
        else
          redis.call('DEL', key)
          broken[key], badjson[key] = nil, nil
        end
        if kind == 'hash' or kind == 'json' then
          if seconds == '' then
            redis.call('PERSIST', key)
          else
            redis.call('EXPIRE', key, seconds)
          end
        end
      end
      return 0
      """);

  private static final Pattern INTEGER = Pattern.compile("[+-]?[0-9]{1,19}");
  private static final byte[] HASH = ascii("hash");
  private static final byte[] JSON = ascii("json");
  private static final byte[] DELETE = ascii("delete");
  private static final byte[] DELETE_JSON = ascii("delete-json");
  private static final byte[] ALWAYS = ascii("*");
  private static final byte[] ABSENT = ascii("-");
  private static final byte[] NONE = new byte[0];

  private final @Nullable Duration defaultTimeToLive;
  private final boolean knowsJson;

  /**
   * @param defaultTimeToLive for saves that name none; null for no expiry
   * @param knowsJson whether the server has the JSON module
   */
  Writes(@Nullable Duration defaultTimeToLive, boolean knowsJson) {
    this.defaultTimeToLive = defaultTimeToLive;
    this.knowsJson = knowsJson;
  }

  RedisCall<Long> of(StateChange change) {
    var arguments = new ArrayList<byte[]>(4);
    add(change, arguments);
    return RedisCall.script(SCRIPT, List.of(key(change)), arguments);
  }

  RedisCall<Long> of(List<StateChange> changes) {
    var keys = new ArrayList<byte[]>(changes.size());
    var arguments = new ArrayList<byte[]>(4 * changes.size());
    for (StateChange change : changes) {
      keys.add(key(change));
      add(change, arguments);
    }
    return RedisCall.script(SCRIPT, keys, arguments);
  }

  private void add(StateChange change, List<byte[]> arguments) {
    boolean json = knowsJson && change.isMarkedJson();
    if (change instanceof StateChange.Put put) {
      arguments.add(json ? JSON : HASH);
      arguments.add(condition(change));
      arguments.add(seconds(put));
      arguments.add(
          json ? JsonDocument.value(put.key(), put.value()) : put.value().bytes());
    } else {
      arguments.add(json ? DELETE_JSON : DELETE);
      arguments.add(condition(change));
      arguments.add(NONE);
      arguments.add(NONE);
    }
  }

  private static byte[] condition(StateChange change) {
    Condition condition = change.condition();
    var etag = condition.etag();
    if (etag == null) {
      return condition.isAbsent() ? ABSENT : ALWAYS;
    }
    try {
      if (INTEGER.matcher(etag).matches()) {
        // Dapr parses etags and compares the number, so 007 is 7.
        return ascii(Long.toString(Long.parseLong(etag)));
      }
    } catch (NumberFormatException e) {
      // Beyond 64 bits: as little an etag of Redis as a word is.
    }
    throw change.malformedEtag("must be an integer");
  }

  /** A save that asks for no expiry by {@code ttlInSeconds} 0 or -1 does not get the default. */
  private byte[] seconds(StateChange.Put put) {
    var effective = put.timeToLive();
    if (effective == null && put.metadata().getOrDefault("ttlInSeconds", "").isEmpty()) {
      effective = defaultTimeToLive;
    }
    return effective == null ? NONE : ascii(Long.toString(effective.toSeconds()));
  }

  static byte[] key(StateChange change) {
    return change.key().getBytes(UTF_8);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(US_ASCII);
  }
}
