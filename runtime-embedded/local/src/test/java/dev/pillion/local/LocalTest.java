// SPDX-License-Identifier: Apache-2.0
package dev.pillion.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.InvalidConfigurationException;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalTest {
  @TempDir
  Path folder;

  @Test
  void whatOneRuntimeSavesTheNextOneReads() {
    var data = folder.resolve("a/new/folder");
    try (var runtime = EmbeddedRuntime.builder("app").with(Local.in(data)).start()) {
      runtime.state(Local.STATE_STORE).save("k", "v");
    }
    try (var runtime = EmbeddedRuntime.builder("app").with(Local.in(data)).start()) {
      assertThat(runtime.state(Local.STATE_STORE).get("k", String.class)).contains("v");
    }
  }

  @Test
  void whatIsPublishedWhileNobodyListensIsHandledLater() {
    try (var runtime = EmbeddedRuntime.builder("app").with(Local.in(folder)).start()) {
      runtime.topic(Local.PUBSUB, "paid").publish("42");
    }
    var paid = new CopyOnWriteArrayList<String>();
    try (var runtime = EmbeddedRuntime.builder("app")
        .with(Local.in(folder))
        .subscribe(Local.PUBSUB, "paid", String.class, paid::add)
        .start()) {
      await().until(() -> paid.contains("42"));
      assertThat(runtime.describe().components()).hasSize(2);
    }
  }

  @Test
  void twoRuntimesOnOneFolderSeeEachOthersWrites() {
    try (var one = EmbeddedRuntime.builder("app").with(Local.in(folder)).start();
        var two = EmbeddedRuntime.builder("app").with(Local.in(folder)).start()) {
      one.state(Local.STATE_STORE).save("k", 1);
      assertThat(two.state(Local.STATE_STORE).get("k", Integer.class)).contains(1);
    }
  }

  @Test
  void aFolderThatCantBeMadeIsNamed() throws IOException {
    var file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> EmbeddedRuntime.builder("app").with(Local.in(file.resolve("data"))))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining(file.toString());
    assertThatThrownBy(() -> EmbeddedRuntime.builder("app").with(Local.in(file)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("the folder \"%s\" can't be made: it is a file".formatted(file));
  }
}
