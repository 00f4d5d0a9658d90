// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.invocation.AccessPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the Configuration files say, and code beside them: each thing is said once at most. */
final class ConfigurationFiles {
  private final List<ConfigurationDocument> documents = new ArrayList<>();
  private final List<String> problems;

  ConfigurationFiles(List<Path> files, List<String> problems) {
    this.problems = problems;
    var yaml = new YamlFiles(problems);
    for (Path file : files) {
      if (Files.isRegularFile(file)) {
        yaml.read(file, document -> documents.add(document.configuration()));
      } else {
        problems.add("the configuration \"%s\" can't be read: %s"
            .formatted(file, Files.exists(file) ? "it is no file" : "there is no such file"));
      }
    }
  }

  /** Who may call; null when neither says. */
  @Nullable
  AccessPolicy access(@Nullable AccessPolicy inCode) {
    var policy = inCode;
    var place = "code";
    for (var document : documents) {
      var access = document.access();
      if (access != null && policy != null) {
        problems.add("%s: accessControl stands in %s already; remove one of the two"
            .formatted(document.source(), place));
      } else if (access != null) {
        policy = access;
        place = document.source();
      }
    }
    return policy;
  }

  /** The name resolver; null when none is named. */
  @Nullable
  ComponentDocument resolver() {
    ComponentDocument named = null;
    for (var document : documents) {
      var resolver = document.resolver();
      if (resolver != null && named != null) {
        problems.add("%s: nameResolution stands at %s already; a runtime has one"
            .formatted(resolver.source(), named.source()));
      } else if (resolver != null) {
        named = resolver;
      }
    }
    return named;
  }
}
