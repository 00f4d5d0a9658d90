// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** A second client that looks at what is stored, and does to the server what a test needs. */
final class RawRedis implements AutoCloseable {
  /** The script daprd 1.18 saves with. */
  static final String DAPR_SET = """
      	local etag = redis.pcall("HGET", KEYS[1], "version");
      	if type(etag) == "table" then
      	  redis.call("DEL", KEYS[1]);
      	end;
      	local fwr = redis.pcall("HGET", KEYS[1], "first-write");
      	if not etag or type(etag)=="table" or etag == "" or etag == ARGV[1] or (not fwr and ARGV[1] == "0") then
      	  redis.call("HSET", KEYS[1], "data", ARGV[2]);
      	  if ARGV[3] == "0" then
      	    redis.call("HSET", KEYS[1], "first-write", 0);
      	  end;
      	  return redis.call("HINCRBY", KEYS[1], "version", 1)
      	else
      	  return error("failed to set key " .. KEYS[1])
      	end""";

  /** The script daprd 1.18 deletes with. */
  static final String DAPR_DELETE = """
      	local etag = redis.pcall("HGET", KEYS[1], "version");
      	if not etag or type(etag)=="table" or etag == ARGV[1] or etag == "" or ARGV[1] == "0" then
      	  return redis.call("DEL", KEYS[1])
      	else
      	  return error("failed to delete " .. KEYS[1])
      	end""";

  private final RedisClient client;
  final RedisCommands<String, String> commands;

  RawRedis(String uri) {
    client = RedisClient.create(uri);
    commands = client.connect().sync();
  }

  /** How often each command was called since {@link #resetCounts}, scripts' own calls included. */
  Map<String, Integer> counts() {
    var counts = new TreeMap<String, Integer>();
    for (String line : commands.info("commandstats").split("\r\n")) {
      if (line.startsWith("cmdstat_")) {
        var name = line.substring("cmdstat_".length(), line.indexOf(':'));
        var calls = line.substring(line.indexOf("calls=") + 6, line.indexOf(','));
        counts.put(name, Integer.parseInt(calls));
      }
    }
    counts.keySet().removeIf(name -> name.startsWith("config") || name.equals("info"));
    return new LinkedHashMap<>(counts);
  }

  void resetCounts() {
    commands.configResetstat();
  }

  @Override
  public void close() {
    client.shutdown();
  }
}
