// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import java.security.GeneralSecurityException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Driver failures in this library's terms, wrapped once. */
final class RedisErrors {
  /** What servers answer when the same command may pass later; inside a script's error too. */
  private static final Pattern PASSING =
      Pattern.compile("(?:^|[\\s-])(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|OOM"
          + "|MISCONF|NOREPLICAS|UNBLOCKED)\\s");

  private static final Pattern REFUSED_USER =
      Pattern.compile("^(?:WRONGPASS|NOAUTH|ERR (?:AUTH|invalid password|Client sent AUTH))");

  private static final Pattern READ_ONLY = Pattern.compile("(?:^|[\\s-])READONLY\\s");

  private RedisErrors() {}

  static BuildingBlockException translate(String server, Throwable failure) {
    if (failure instanceof BuildingBlockException translated) {
      return translated;
    }
    if (failure instanceof RedisCommandTimeoutException) {
      return new CallTimeoutException(
          "ERR_COMPONENT", "Redis at %s did not answer in time".formatted(server), failure);
    }
    var answer = find(failure, RedisCommandExecutionException.class);
    if (answer != null) {
      return answered(server, String.valueOf(answer.getMessage()), failure);
    }
    var tls = find(failure, SSLException.class);
    if (tls != null) {
      return ComponentException.failed(
          "Redis at %s: TLS failed: %s".formatted(server, tls.getMessage()), failure);
    }
    if (find(failure, GeneralSecurityException.class) != null
        || find(failure, IllegalArgumentException.class) != null) {
      return ComponentException.failed(
          "the connection to Redis at %s is configured wrongly: %s"
              .formatted(server, innermostMessage(failure)),
          failure);
    }
    return ComponentException.unavailable(
        "Redis at %s can't be reached: %s".formatted(server, innermostMessage(failure)), failure);
  }

  /** Whether the server answered with this error code. */
  static boolean isAnswer(@Nullable Throwable failure, String code) {
    return failure instanceof RedisCommandExecutionException
        && String.valueOf(failure.getMessage()).startsWith(code);
  }

  /** Whether the driver refused to send, so that the command was certainly not carried out. */
  static boolean isUnsent(@Nullable Throwable failure) {
    // The driver has no type for it. A write that failed half way ends so too: the server never
    // carries out half a command.
    return failure instanceof RedisException
        && "Currently not connected. Commands are rejected.".equals(failure.getMessage());
  }

  /** Whether the server takes no writes: it is a replica, perhaps since a failover. */
  static boolean isReadOnly(Throwable failure) {
    return failure instanceof RedisCommandExecutionException
        && READ_ONLY.matcher(String.valueOf(failure.getMessage())).find();
  }

  private static BuildingBlockException answered(String server, String answer, Throwable failure) {
    if (REFUSED_USER.matcher(answer).find()) {
      return ComponentException.failed(
          "Redis at %s does not accept the user name or password: %s".formatted(server, answer),
          failure);
    }
    var message = "Redis at %s answered: %s".formatted(server, answer);
    return PASSING.matcher(answer).find()
        ? ComponentException.unavailable(message, failure)
        : ComponentException.failed(message, failure);
  }

  private static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> type) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (type.isInstance(t)) {
        return type.cast(t);
      }
    }
    return null;
  }

  private static String innermostMessage(Throwable failure) {
    Throwable innermost = failure;
    for (Throwable t = failure; t != null; t = t.getCause()) {
      innermost = t;
    }
    var message = innermost.getMessage();
    return message == null ? innermost.getClass().getSimpleName() : message;
  }
}
