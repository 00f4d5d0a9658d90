// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.samples.Repository.Dependency;
import dev.pillion.samples.Repository.Module;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Who may depend on whom; docs/architecture.md draws it. What tests depend on is free. */
class FloorsTest {
  private static final Set<String> ENGINE_LIBRARIES =
      Set.of("org.slf4j:slf4j-api", "com.fasterxml.jackson.core:jackson-core");

  private static final Set<String> RUNTIME_LIBRARIES = Set.of(
      "org.slf4j:slf4j-api",
      "com.fasterxml.jackson.core:jackson-core",
      "com.fasterxml.jackson.core:jackson-databind",
      "com.fasterxml.jackson.datatype:jackson-datatype-jsr310",
      "org.snakeyaml:snakeyaml-engine");

  private static final Set<String> RESILIENCY_LIBRARIES =
      Set.of("org.slf4j:slf4j-api", "io.github.resilience4j:resilience4j-circuitbreaker");

  /** Libraries that have one home each, so that nobody carries them unasked. */
  private static final Map<String, Set<String>> HOMES = Map.of(
      "io.grpc", Set.of("wire", "runtime-embedded/grpc", "invocation/grpc"),
      "com.google.protobuf",
          Set.of("wire", "runtime-embedded/grpc", "runtime-embedded/cel", "invocation/grpc"),
      "io.micrometer", Set.of("runtime-embedded/micrometer"),
      "dev.cel", Set.of("runtime-embedded/cel"),
      "io.github.resilience4j", Set.of("runtime-embedded/resiliency"),
      "io.netty", Set.of("connections/redis"),
      "org.apache.kafka", Set.of("connections/kafka", "pubsub/kafka", "bindings/kafka"),
      "org.eclipse.jetty", Set.of("runtime-embedded/http"),
      "org.eclipse.jetty.http2", Set.of("runtime-embedded/http"));

  @Test
  void everyModuleDependsOnlyOnWhatItsFloorAllows() {
    var refused = new ArrayList<String>();
    for (var module : Repository.published()) {
      for (var dependency : module.dependencies()) {
        var reason = dependency.isForTests() ? null : refusal(module, dependency);
        if (reason != null) {
          refused.add("%s depends on %s:%s; %s"
              .formatted(module.path(), dependency.group(), dependency.artifact(), reason));
        }
      }
    }
    assertThat(refused).isEmpty();
  }

  private static @Nullable String refusal(Module module, Dependency dependency) {
    var home = HOMES.get(dependency.group());
    if (home != null && !home.contains(module.path())) {
      return "only these may: " + home;
    }
    if (dependency.isOurs() && isFloor4(dependency.artifact())) {
      return "programs and test servers are for nobody's users";
    }
    var path = module.path();
    if (path.equals("building-blocks-api")) {
      return "the API depends on nothing but JSpecify";
    }
    if (path.equals("wire")) {
      return dependency.isOurs() ? "wire is the protobuf contract alone" : null;
    }
    if (path.equals("runtime-embedded/runtime")) {
      return runtime(dependency);
    }
    if (path.equals("runtime-embedded/resiliency")) {
      return resiliency(dependency);
    }
    if (path.startsWith("runtime-embedded/")) {
      return isEngine(dependency)
          ? "an extension uses the public API, through pillion-runtime, and never an engine"
          : null;
    }
    return path.endsWith("/engine") ? engine(dependency) : component(path, dependency);
  }

  private static @Nullable String engine(Dependency dependency) {
    if (dependency.isOurs()) {
      return isApi(dependency) ? null : "an engine depends on pillion-api, never on another engine";
    }
    return allowed(dependency, ENGINE_LIBRARIES, "engines");
  }

  private static @Nullable String resiliency(Dependency dependency) {
    if (dependency.isOurs()) {
      return isApi(dependency) ? null : "policies know calls, which are the API's, and no block";
    }
    return allowed(dependency, RESILIENCY_LIBRARIES, "policies");
  }

  private static @Nullable String runtime(Dependency dependency) {
    if (dependency.isOurs()) {
      return isApi(dependency) || isEngine(dependency) || isResiliency(dependency)
          ? null
          : "the runtime knows the API, the engines and the policies, and no component by name";
    }
    return allowed(dependency, RUNTIME_LIBRARIES, "the runtime");
  }

  /** A component, a connection module, or a block's test kit. */
  private static @Nullable String component(String path, Dependency dependency) {
    if (!dependency.isOurs() || isApi(dependency)) {
      return null;
    }
    if (path.endsWith("/testkit")) {
      return dependency.artifact().equals("pillion-testkit")
          ? null
          : "a test kit knows the API, pillion-testkit and JUnit, for authors of components have nothing else";
    }
    if (path.equals("invocation/grpc") && dependency.artifact().equals("pillion-wire")) {
      return null;
    }
    if (!dependency.artifact().startsWith("pillion-connections-")) {
      return "a component depends on pillion-api and on connections";
    }
    var own = "pillion-connections-" + path.substring(path.lastIndexOf('/') + 1);
    return dependency.artifact().equals(own)
            || dependency.artifact().equals("pillion-connections-jdbc")
        ? null
        : "of the connections only %s and pillion-connections-jdbc are its own".formatted(own);
  }

  private static @Nullable String allowed(
      Dependency dependency, Set<String> libraries, String who) {
    return libraries.contains(dependency.group() + ":" + dependency.artifact())
        ? null
        : "%s have only %s; a new one must be argued for, and added to this list"
            .formatted(who, libraries);
  }

  private static boolean isApi(Dependency dependency) {
    return dependency.artifact().equals("pillion-api");
  }

  private static boolean isResiliency(Dependency dependency) {
    return dependency.artifact().equals("pillion-resiliency");
  }

  private static boolean isEngine(Dependency dependency) {
    return dependency.isOurs() && dependency.artifact().endsWith("-engine");
  }

  private static boolean isFloor4(String artifact) {
    return Set.of(
            "pillion-samples",
            "pillion-benchmarks",
            "pillion-polyglot",
            "pillion-test-servers",
            "pillion-test-servers-kafka")
        .contains(artifact);
  }

  /**
   * Maven takes the nearest, and of two equally near the first: each that brings protobuf must
   * bring the one that CEL runs on, whatever the order in a program's POM. Which that is, shows
   * {@code OneProtobufTest} of pillion-cel.
   */
  @Test
  void everyArtifactThatBringsProtobufBringsTheSame() {
    var bringing = Repository.published().stream()
        .filter(module -> module.dependencies().stream()
            .anyMatch(dependency -> dependency.group().equals("com.google.protobuf")
                && !dependency.isForTests()
                && !dependency.scope().equals("provided")))
        .map(Module::path)
        .toList();
    assertThat(bringing)
        .as("they state it themselves, since what gRPC brings is older")
        .contains("runtime-embedded/grpc", "runtime-embedded/cel", "invocation/grpc");
    assertThat(bringing)
        .allSatisfy(path -> assertThat(Repository.property(path, "protobuf.version"))
            .as("a version of its own in %s/pom.xml", path)
            .isEmpty());
  }

  @Test
  void artifactAndPackageFollowFromThePath() {
    for (var module : Repository.modules()) {
      var name =
          switch (module.path()) {
            case "building-blocks-api" -> "api";
            default -> module.path().replaceFirst("^runtime-embedded/", "").replace('/', '-');
          };
      assertThat(module.artifact()).as(module.path()).isEqualTo("pillion-" + name);
      if (module.packaging().equals("jar")) {
        var packageName = module.path().equals("building-blocks-api")
            ? "dev.pillion"
            : "dev.pillion."
                + module
                    .path()
                    .replaceFirst("^runtime-embedded/", "")
                    .replace('/', '.')
                    .replace("-", "");
        assertThat(module.packageName())
            .as("module.package in %s/pom.xml", module.path())
            .isEqualTo(packageName);
      }
    }
  }

  @Test
  void everyPomBelongsToTheBuild() {
    assertThat(Repository.files().stream()
            .filter(path -> path.endsWith("pom.xml") && path.getNameCount() > 1)
            .map(path -> path.getParent().toString().replace('\\', '/'))
            // A program of Spring's, which polyglot/run builds: no module sees its class path.
            .filter(path -> !path.equals("polyglot/spring")))
        .as("folders with a POM that the root POM's <modules> lacks, or the reverse")
        .containsExactlyInAnyOrderElementsOf(
            Repository.modules().stream().map(Module::path).toList());
  }

  @Test
  void theBomListsEveryPublishedArtifactAndNothingElse() {
    var bom = Repository.module("runtime-embedded/bom");
    assertThat(bom.dependencies())
        .as("the BOM lists our artifacts only")
        .allMatch(Dependency::isOurs);
    assertThat(bom.version())
        .as("the BOM has no parent, and so repeats its version")
        .isEqualTo(Repository.module("").version());
    var listed = bom.dependencies().stream().map(Dependency::artifact).collect(Collectors.toSet());
    assertThat(listed)
        .as("the artifacts in runtime-embedded/bom/pom.xml, and those that modules make")
        .isEqualTo(artifacts());
  }

  @Test
  void everyPublishedArtifactIsOnTheClassPathOfTheseChecks() {
    assertThat(Repository.module("samples").dependencies().stream().map(Dependency::artifact))
        .as("published artifacts that samples/pom.xml lacks")
        .containsAll(artifacts());
  }

  private static Set<String> artifacts() {
    return Repository.published().stream().map(Module::artifact).collect(Collectors.toSet());
  }
}
