// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolKeyword;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One command that {@link RedisConnection} can send, and send again where the server asks for it:
 * to another node of the cluster, or with the text of its script. Immutable.
 *
 * @param <T> what the server answers
 */
public final class RedisCall<T> {
  private static final byte[] NO_KEY = new byte[0];

  private final ProtocolKeyword command;
  private final Function<ByteArrayCodec, ? extends CommandOutput<byte[], byte[], T>> output;
  private final CommandArgs<byte[], byte[]> arguments;
  private final byte[] key;
  private final @Nullable Supplier<RedisCall<T>> withText;

  private RedisCall(
      ProtocolKeyword command,
      Function<ByteArrayCodec, ? extends CommandOutput<byte[], byte[], T>> output,
      CommandArgs<byte[], byte[]> arguments,
      byte[] key,
      @Nullable Supplier<RedisCall<T>> withText) {
    this.command = command;
    this.output = output;
    this.arguments = arguments;
    this.key = key;
    this.withText = withText;
  }

  /** A command about one key, which comes first. */
  public static <T> RedisCall<T> of(
      ProtocolKeyword command,
      Function<ByteArrayCodec, ? extends CommandOutput<byte[], byte[], T>> output,
      byte[] key,
      byte[]... arguments) {
    var all = new CommandArgs<>(ByteArrayCodec.INSTANCE).addKey(key);
    for (byte[] argument : arguments) {
      all.add(argument);
    }
    return new RedisCall<>(command, output, all, key, null);
  }

  /**
   * A command about one key, which does not come first: {@code arguments} adds all of them, the key
   * by {@link CommandArgs#addKey}.
   */
  public static <T> RedisCall<T> of(
      ProtocolKeyword command,
      Function<ByteArrayCodec, ? extends CommandOutput<byte[], byte[], T>> output,
      byte[] key,
      Consumer<CommandArgs<byte[], byte[]>> arguments) {
    var all = new CommandArgs<>(ByteArrayCodec.INSTANCE);
    arguments.accept(all);
    return new RedisCall<>(command, output, all, key, null);
  }

  /** A command about the connection, for the node that has {@code key}. */
  public static <T> RedisCall<T> nodeOf(
      byte[] key,
      ProtocolKeyword command,
      Function<ByteArrayCodec, ? extends CommandOutput<byte[], byte[], T>> output,
      byte[]... arguments) {
    var all = new CommandArgs<>(ByteArrayCodec.INSTANCE);
    for (byte[] argument : arguments) {
      all.add(argument);
    }
    return new RedisCall<>(command, output, all, key, null);
  }

  /** A script that answers a number. In a cluster, all keys must be in one slot. */
  public static RedisCall<Long> script(
      RedisScript script, List<byte[]> keys, List<byte[]> arguments) {
    return script(script, IntegerOutput::new, keys, arguments);
  }

  /** A script that answers something else. In a cluster, all keys must be in one slot. */
  public static <T> RedisCall<T> script(
      RedisScript script,
      Function<ByteArrayCodec, ? extends CommandOutput<byte[], byte[], T>> output,
      List<byte[]> keys,
      List<byte[]> arguments) {
    byte[] key = keys.isEmpty() ? NO_KEY : keys.get(0);
    return new RedisCall<>(
        CommandType.EVALSHA,
        output,
        scriptArguments(script.digest(), keys, arguments),
        key,
        () -> new RedisCall<>(
            CommandType.EVAL, output, scriptArguments(script.text(), keys, arguments), key, null));
  }

  private static CommandArgs<byte[], byte[]> scriptArguments(
      byte[] script, List<byte[]> keys, List<byte[]> arguments) {
    var all = new CommandArgs<>(ByteArrayCodec.INSTANCE).add(script).add(keys.size());
    keys.forEach(all::addKey);
    arguments.forEach(all::add);
    return all;
  }

  AsyncCommand<byte[], byte[], T> newCommand() {
    return new AsyncCommand<>(
        new Command<>(command, output.apply(ByteArrayCodec.INSTANCE), arguments));
  }

  /** Whether the key is among the arguments, so that the driver finds the node by itself. */
  boolean namesKey() {
    return arguments.getFirstEncodedKey() != null;
  }

  byte[] key() {
    return key;
  }

  /** The same call for a server that does not know the script; null when it is no script. */
  @Nullable
  RedisCall<T> withText() {
    return withText == null ? null : withText.get();
  }

  /** The command's name; arguments may be payload and stay out. */
  @Override
  public String toString() {
    return command.toString();
  }
}
