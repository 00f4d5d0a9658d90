// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.component.ComponentProvider;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.samples.Repository.Module;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/** Rules about all artifacts together; a quick build has only what the samples need. */
@DisabledIfSystemProperty(named = "quick", matches = ".*")
class ClassPathTest {
  /**
   * Our artifacts and where the class path has them: jars, or folders in a build that makes none.
   */
  private static Map<Module, Path> ours() {
    var found = new TreeMap<Module, Path>((a, b) -> a.path().compareTo(b.path()));
    var entries = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(Path::of)
        .toList();
    for (var module : Repository.published()) {
      entries.stream()
          .filter(entry -> isOf(module, entry))
          .findFirst()
          .ifPresent(entry -> found.put(module, entry));
    }
    return found;
  }

  private static boolean isOf(Module module, Path entry) {
    return entry.startsWith(Repository.ROOT.resolve(module.path()).resolve("target"))
        || entry
            .getFileName()
            .toString()
            .equals("%s-%s.jar".formatted(module.artifact(), module.version()));
  }

  private static Set<String> packages(Path jarOrFolder) throws IOException {
    if (Files.isDirectory(jarOrFolder)) {
      return packagesBelow(jarOrFolder);
    }
    try (var jar = FileSystems.newFileSystem(URI.create("jar:" + jarOrFolder.toUri()), Map.of())) {
      return packagesBelow(jar.getPath("/"));
    }
  }

  private static Set<String> packagesBelow(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(path -> path.toString().endsWith(".class"))
          .map(path ->
              root.relativize(path.getParent()).toString().replace('/', '.').replace('\\', '.'))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Test
  void everyArtifactIsHere() {
    assertThat(ours().keySet()).containsExactlyInAnyOrderElementsOf(Repository.published());
  }

  @Test
  void noPackageIsInTwoArtifactsAndEachIsItsArtifactsOwn() throws IOException {
    var owners = new TreeMap<String, String>();
    var refused = new ArrayList<String>();
    for (var artifact : ours().entrySet()) {
      var module = artifact.getKey();
      for (var name : packages(artifact.getValue())) {
        var other = owners.putIfAbsent(name, module.artifact());
        if (other != null) {
          refused.add("%s is in %s and in %s".formatted(name, other, module.artifact()));
        }
        if (!name.equals(module.packageName()) && !name.startsWith(module.packageName() + ".")) {
          refused.add("%s is in %s, whose package is %s"
              .formatted(name, module.artifact(), module.packageName()));
        }
      }
    }
    assertThat(refused).isEmpty();
  }

  @Test
  void theListOfComponentTypesNamesTheArtifactThatBringsEachOfThem() throws Exception {
    var listed = new Properties();
    try (var in = EmbeddedRuntime.class.getResourceAsStream("artifacts.properties")) {
      listed.load(in);
    }
    var brought = new TreeMap<String, String>();
    for (var provider : ServiceLoader.load(ComponentProvider.class)) {
      var place = Path.of(provider
          .getClass()
          .getProtectionDomain()
          .getCodeSource()
          .getLocation()
          .toURI());
      var artifact = ours().keySet().stream()
          .filter(module -> isOf(module, place))
          .findFirst()
          .orElseThrow()
          .artifact();
      brought.put(provider.type(), artifact);
      provider.aliases().forEach(alias -> brought.put(alias, artifact));
    }
    var here = Repository.published().stream().map(Module::artifact).collect(Collectors.toSet());
    var promised = new TreeMap<String, String>();
    // What the runtime brings itself can't be missing, and need not be found as a provider.
    brought.values().removeIf("pillion-runtime"::equals);
    listed.forEach((type, artifact) -> {
      if (here.contains(artifact) && !artifact.equals("pillion-runtime")) {
        promised.put((String) type, (String) artifact);
      }
    });
    assertThat(promised)
        .as("artifacts.properties of the runtime, and what the providers on the class path say")
        .isEqualTo(brought);
    assertThat(Repository.module("runtime-embedded/bom").dependencies().stream()
            .map(Repository.Dependency::artifact))
        .as("artifacts that artifacts.properties sends users to, and the BOM")
        .containsAll(listed.values().stream().map(String.class::cast).toList());
  }
}
