// SPDX-License-Identifier: Apache-2.0
package dev.pillion.local;

import dev.pillion.InvalidConfigurationException;
import dev.pillion.pubsub.sqlite.SqlitePubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import dev.pillion.state.sqlite.SqliteStateStore;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The building blocks in one folder: a durable state store named {@value #STATE_STORE} and a
 * durable pubsub named {@value #PUBSUB}, as {@code dapr init} names its own.
 *
 * <p>Every acknowledged write and every published event is on disk. The folder is made when it is
 * missing; it must be on a local disk. Several processes on one machine may use it at the same
 * time.
 */
public final class Local implements Extension {
  /** The name of the state store. */
  public static final String STATE_STORE = "statestore";

  /** The name of the pubsub. */
  public static final String PUBSUB = "pubsub";

  private final Path folder;

  private Local(Path folder) {
    this.folder = folder;
  }

  /**
   * Keeps everything in this folder.
   *
   * <p>{@link EmbeddedRuntime.Builder#with} throws {@link InvalidConfigurationException} when it
   * can't be made.
   */
  public static Local in(Path folder) {
    return new Local(folder);
  }

  @Override
  public void configure(EmbeddedRuntime.Builder builder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new InvalidConfigurationException(List.of("the folder \"%s\" can't be made: %s"
          .formatted(
              folder.toAbsolutePath(),
              e instanceof FileAlreadyExistsException ? "it is a file" : e.getMessage())));
    }
    builder.component(STATE_STORE, SqliteStateStore.at(folder.resolve("state.db")));
    builder.component(PUBSUB, SqlitePubSub.at(folder.resolve("pubsub.db")));
  }
}
