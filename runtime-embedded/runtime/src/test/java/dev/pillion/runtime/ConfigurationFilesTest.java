// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.call.CallContext;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.HttpEndpoint;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.InvokeOptions;
import dev.pillion.testkit.CapturedLog;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Dapr's Configuration documents: what counts here, and what is said of the rest. */
@Timeout(60)
class ConfigurationFilesTest {
  private static final String HEAD =
      "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: c}\n";
  private static final CallerIdentity WEB = new CallerIdentity("public", "default", "web");

  @TempDir
  Path folder;

  private final PeerWorld world = new PeerWorld();
  private ComponentFiles files;

  @BeforeEach
  void files() {
    files = new ComponentFiles(folder.resolve("resources"));
    files.file("none.txt", "no resource");
  }

  private Path configuration(String name, String text) {
    try {
      return Files.writeString(folder.resolve(name), text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Path spec(String text) {
    return configuration("config.yaml", HEAD + "spec:\n" + text.indent(2));
  }

  private List<String> problems(EmbeddedRuntime.Builder builder) {
    return files.problems(builder).stream()
        .map(problem -> problem.replace(folder + "/", ""))
        .toList();
  }

  /** Whether web may call these of orders, which has the configuration. */
  private boolean mayCall(EmbeddedRuntime.Builder orders, String method, String verb) {
    try (var callee = orders
            .namespace("default")
            .component("names", world.resolver())
            .peers(world.wire())
            .otherMethods(
                (request, invocation) -> InvocationResponse.of(200, Map.of(), "", new byte[0]))
            .start();
        var web = world.builder("web").start()) {
      var request = new InvocationRequest(verb, method, "", Map.of(), "", Body.EMPTY);
      var failure = catchThrowableOfType(
          InvocationException.class, () -> web.app("orders").exchange(request).close());
      if (failure != null) {
        assertThat(failure.reason()).isEqualTo(InvocationException.Reason.DENIED);
        assertThat(failure)
            .hasMessageStartingWith(
                "access control policy has denied access to id: %s operation: %s verb: %s"
                    .formatted(
                        world.identity.map(CallerIdentity::toString).orElse(""), method, verb));
      }
      assertThat(callee.app("orders").exchange(request).status())
          .as("the app's own calls are not asked")
          .isEqualTo(200);
      return failure == null;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "orders/42, GET, true",
    "orders, GET, true",
    "orders/42/items, GET, false",
    "orders/42, POST, false",
    "ORDERS/42, GET, true",
    "admin, GET, false",
    "other, GET, false",
  })
  void accessControlHolds(String method, String verb, boolean allowed) {
    world.identity = Optional.of(WEB);
    var file = spec("""
        accessControl:
          defaultAction: deny
          trustDomain: "public"
          policies:
          - appId: web
            defaultAction: deny
            trustDomain: 'public'
            namespace: "default"
            operations:
            - name: /orders/*
              httpVerb: ['GET']
              action: allow
            - name: /admin
              httpVerb: ['*']
              action: deny
        """);
    assertThat(mayCall(files.builder().configuration(file), method, verb)).isEqualTo(allowed);
  }

  /** Who claims to be somebody is nobody. */
  @Test
  void withoutACertificateTheDefaultHoldsWhateverHeadersSay() {
    var rules = """
          policies:
          - {appId: web, trustDomain: public, namespace: default, defaultAction: %s}
        """;
    var closed = spec("accessControl:\n  defaultAction: deny\n" + rules.formatted("allow"));
    assertThat(mayCall(files.builder().configuration(closed), "m", "GET")).isFalse();
    world.identity = Optional.of(WEB);
    assertThat(mayCall(files.builder().configuration(closed), "m", "GET")).isTrue();
    world.identity = Optional.empty();
    var open = spec("accessControl:\n  defaultAction: allow\n" + rules.formatted("deny"));
    assertThat(mayCall(files.builder().configuration(open), "m", "GET")).isTrue();
    world.identity = Optional.of(WEB);
    assertThat(mayCall(files.builder().configuration(open), "m", "GET")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "accessControl: {} | true",
        "accessControl: | true",
        "accessControl: {defaultAction: } | true",
        "accessControl: {defaultAction: ''} | false",
        "accessControl: {defaultAction: '', policies: []} | true",
        "accessControl: {defaultAction: '', policies: [{appId: x, trustDomain: d, namespace: n}]} | false",
        "accessControl: {policies: [{appId: x, trustDomain: d, namespace: n}]} | true",
        "accessControl: {defaultAction: ALLOW} | true",
        "accessControl: {defaultAction: alow} | false",
        "accessControl: {defaultAction: deny} | false",
        "tracing: {samplingRate: '1'} | true",
      })
  void defaultsAreDaprs(String text, boolean allowed) {
    assertThat(mayCall(files.builder().configuration(spec(text + "\n")), "m", "GET"))
        .isEqualTo(allowed);
  }

  @Test
  void codeSaysTheSame() {
    world.identity = Optional.of(WEB);
    var policy =
        AccessPolicy.denyByDefault().app("web", "default", app -> app.allow("/orders/*", "GET"));
    assertThat(mayCall(files.builder().accessPolicy(policy), "orders/1", "GET")).isTrue();
    assertThat(mayCall(files.builder().accessPolicy(policy), "orders/1", "PUT")).isFalse();
    try (var runtime = files.builder().accessPolicy(policy).start()) {
      assertThat(runtime.describe().toString())
          .contains("  access policy: deny by default, rules for [web.default]");
    }
  }

  /** A program beside the runtime that speaks gRPC. */
  private static final Extension GRPC_APP = new Extension() {
    @Override
    public AppConnection appConnection() {
      return new AppConnection("grpc", "127.0.0.1", 3000, 0, "ready", null);
    }
  };

  @Test
  void methodsOfAGrpcAppHaveCaseAndNoVerbAndThoseOfThisProgramTheOther() {
    world.identity = Optional.of(WEB);
    var policy = AccessPolicy.denyByDefault()
        .app("web", "default", app -> app.allow("/Reserve", "PUT").allow("/Java", "PUT"));
    try (var callee = files
            .builder()
            .namespace("default")
            .with(GRPC_APP)
            .accessPolicy(policy)
            .component("names", world.resolver())
            .peers(world.wire())
            .method("java", String.class, text -> "java")
            .otherMethods(
                (request, invocation) -> InvocationResponse.of(0, Map.of(), "", new byte[0]))
            .start();
        var web = world.builder("web").start()) {
      var orders = web.app("orders");
      orders.send("Reserve", null);
      assertThat(denied(() -> orders.send("reserve", null)))
          .endsWith("operation: reserve verb: NONE");
      assertThat(denied(() -> orders.send("java", "x"))).endsWith("operation: java verb: POST");
      orders.send("java", "x", InvokeOptions.defaults().verb("PUT"));
      // A proxied call is gRPC's whatever is called.
      assertThat(proxied(callee, "/Java")).isEqualTo("/Java");
      assertThat(denied(() -> proxied(callee, "/java"))).endsWith("operation: /java verb: NONE");
    }
  }

  private static String proxied(EmbeddedRuntime callee, String operation) {
    return callee
        .peers()
        .receive(Optional.of(WEB), operation, CallContext.EMPTY, call -> call.context()
            .instance());
  }

  private static String denied(ThrowingCallable call) {
    var failure = catchThrowableOfType(InvocationException.class, call);
    assertThat(failure.reason()).isEqualTo(InvocationException.Reason.DENIED);
    return failure.getMessage();
  }

  @Test
  void anOperationThatFitsNothingIsWarnedOf() {
    world.identity = Optional.of(WEB);
    var policy = spec("""
        accessControl:
          policies:
          - appId: web
            namespace: default
            trustDomain: public
            operations:
            - {name: /a/*/b, action: allow}
            - {name: /a/*, action: allow}
        """);
    try (var log = new CapturedLog()) {
      assertThat(mayCall(EmbeddedRuntime.builder("orders").configuration(policy), "x", "GET"))
          .isTrue();
      assertThat(log.lines("WARN"))
          .containsExactly(
              "WARN access policy of the app \"web\": the operation \"/a/*/b\" fits no method, for a * alone stands for a last segment; "
                  + "end it there, or write ** or letters beside the *");
    }
  }

  @Test
  void everythingThatIsWrongStandsInOneMessageWithItsPlace() {
    var wrong = spec("""
        accessControl:
          defaultActon: deny
          policies:
          - operations: []
          - {appId: a, namespace: ns, trustDomain: d, appid: a}
          - {appId: a, namespace: ns, trustDomain: d}
          - appId: b
            namespace: ns
            trustDomain: d
            operations:
            - {name: /x/, action: allow}
            - {name: "a?b", action: allow}
            - {name: /x, httpVerb: [get], action: allow}
            - {name: /x, verb: [GET]}
            - nothing
            - name: /y/
              httpVerb:
              - GET
              - put
              - LIST
        nameResolution: {version: v1, config: {}}
        tracin: {}
        """);
    var other = configuration("other.yaml", "apiVersion: v1\nkind: Config\n---\nspecs: {}\n");
    assertThat(problems(files
            .builder()
            .configuration(wrong)
            .configuration(other)
            .configuration(folder.resolve("none.yaml"))
            .configuration(folder)))
        .containsExactlyInAnyOrder(
            "config.yaml:6: \"defaultActon\" is not a field of accessControl; did you mean \"defaultAction\"?",
            "config.yaml:8: the policy of accessControl has no appId",
            "config.yaml:8: the policy of accessControl has no trustDomain",
            "config.yaml:8: the policy of accessControl has no namespace",
            "config.yaml:9: \"appid\" is not a field of a policy; did you mean \"appId\"?",
            "config.yaml:10: the app \"a\" in the namespace \"ns\" has rules already; put all of them in one place",
            "config.yaml:15: no method is called \"/x/\"; without empty segments, dots and the slash at the end it is \"/x\"",
            "config.yaml:16: the operation has a #, a ? or a control character in it, which no method has",
            "config.yaml:17: \"get\" is no verb; there are [*, CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE]",
            "config.yaml:18: \"verb\" is not a field of an operation; it has name, httpVerb and action",
            "config.yaml:19: \"operations\" must have fields",
            "config.yaml:20: no method is called \"/y/\"; without empty segments, dots and the slash at the end it is \"/y\"",
            "config.yaml:23: \"put\" is no verb; there are [*, CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE]",
            "config.yaml:24: \"LIST\" is no verb; there are [*, CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE]",
            "config.yaml:25: \"config\" is not a field of nameResolution; it has component, version and configuration",
            "config.yaml:25: \"nameResolution\" has no component, such as sqlite or mdns",
            "config.yaml:26: \"tracin\" is not a field of the spec of a configuration; did you mean \"tracing\"?",
            "other.yaml:1: a configuration has apiVersion: dapr.io/v1alpha1 and kind: Configuration, this has \"v1\" and \"Config\"",
            "other.yaml:4: a configuration has apiVersion: dapr.io/v1alpha1 and kind: Configuration, this has \"\" and \"\"",
            "other.yaml:4: \"specs\" is not a field of a configuration; did you mean \"spec\"?",
            "the configuration \"none.yaml\" can't be read: there is no such file",
            "the configuration \"" + folder + "\" can't be read: it is no file");
  }

  @Test
  void policiesInTwoPlacesAreAProblem() {
    var one = configuration("a.yaml", HEAD + "spec: {accessControl: {defaultAction: deny}}\n");
    var two = configuration("b.yaml", HEAD + "spec: {accessControl: {defaultAction: allow}}\n");
    assertThat(problems(files.builder().configuration(one).configuration(two)))
        .containsExactly(
            "b.yaml:1: accessControl stands in a.yaml:1 already; remove one of the two");
    assertThat(problems(
            files.builder().configuration(one).accessPolicy(AccessPolicy.allowByDefault())))
        .containsExactly("a.yaml:1: accessControl stands in code already; remove one of the two");
  }

  @Test
  void whatDeniesWithoutSayingSoIsWarnedOf() {
    var file = spec("""
        accessControl:
          policies:
          - appId: web
            namespace: n
            trustDomain: d
            defaultAction: alow
            operations:
            - {name: /a, action: permit}
            - {name: /b}
            - {name: /a, action: allow}
        """);
    try (var log = new CapturedLog()) {
      files.builder().configuration(file).start().close();
      assertThat(log.lines("WARN").stream().map(line -> line.replace(folder + "/", "")))
          .containsExactly(
              "WARN config.yaml:10: \"defaultAction\" is \"alow\", which denies as in Dapr; it is allow or deny",
              "WARN config.yaml:12: \"action\" is \"permit\", which denies as in Dapr; it is allow or deny",
              "WARN config.yaml:13: the operation \"/b\" has no action, and so denies",
              "WARN config.yaml:14: the operation \"/a\" stands here for the second time, of which the first counts as in Dapr");
    }
  }

  @Test
  void sectionsWithoutEffectAreNamedOnceWithWhatToUseInstead() {
    var file = spec("""
        tracing: {samplingRate: "1"}
        httpPipeline: {handlers: []}
        api: {allowed: []}
        features: []
        """);
    try (var log = new CapturedLog()) {
      files.builder().configuration(file).start().close();
      assertThat(log.lines("WARN"))
          .singleElement()
          .asString()
          .contains("config.yaml:1: of this configuration have no effect here: ")
          .contains("tracing (add dev.pillion:pillion-micrometer)")
          .contains("httpPipeline (use EmbeddedRuntime.builder(…).interceptor(…))")
          .contains("api (the facade's own options say which APIs it serves)")
          .contains("features (there are no preview features)");
    }
  }

  @Test
  void inAFolderOfResourcesItHasNoEffectAndSaysHowToNameIt() {
    files.file("c.yaml", HEAD + "spec: {accessControl: {defaultAction: deny}}\n");
    try (var log = new CapturedLog()) {
      assertThat(mayCall(files.builder(), "m", "GET")).isTrue();
      assertThat(log.lines("WARN"))
          .contains(
              "WARN %1$s:1: a Configuration has no effect in a resources folder, as in Dapr; name its file by configuration(Path.of(\"%1$s\"))"
                  .formatted(files.folder.resolve("c.yaml")));
    }
  }

  /** A resolver by its specification. */
  public static final class Provider implements ComponentProvider {
    static final AtomicReference<PeerWorld> WORLD = new AtomicReference<>();
    static final AtomicReference<ComponentSpec> SPEC = new AtomicReference<>();

    @Override
    public String type() {
      return "nameresolution.test";
    }

    @Override
    public Component create(ComponentSpec spec) {
      spec.metadata().required("where");
      SPEC.set(spec);
      return WORLD.get().resolver();
    }
  }

  @Test
  void theNameResolverOfAConfigurationIsOpenedAsAComponent() throws IOException {
    var services = Files.createDirectories(folder.resolve("classes/META-INF/services"));
    Files.writeString(
        services.resolve(ComponentProvider.class.getName()), Provider.class.getName());
    Provider.WORLD.set(world);
    var thread = Thread.currentThread();
    var before = thread.getContextClassLoader();
    try (var loader =
        new URLClassLoader(new URL[] {folder.resolve("classes").toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      var file = spec("""
          nameResolution:
            component: test
            version: v1
            configuration:
              where: there
          """);
      try (var runtime = EmbeddedRuntime.builder("orders")
          .configuration(file)
          .peers(world.wire())
          .start()) {
        assertThat(Provider.SPEC.get().metadata().asMap()).containsEntry("where", "there");
        assertThat(runtime.describe().invocation().peers().resolver())
            .isEqualTo("nameresolution.test");
      }
      var twice = EmbeddedRuntime.builder("orders")
          .configuration(file)
          .component("mine", world.resolver())
          .peers(world.wire());
      assertThat(problems(twice))
          .containsExactly(
              "a runtime has one name resolver, but there are component \"mine\" (nameresolution.test/v1)"
                  + " and component \"nameresolution.test\" (nameresolution.test/v1); keep one");
      var wrong = configuration(
          "wrong.yaml",
          HEAD
              + "spec:\n  nameResolution:\n    component: test\n    configuration:\n      wher: x\n");
      assertThat(problems(EmbeddedRuntime.builder("orders").configuration(wrong)))
          .containsExactlyInAnyOrder(
              "wrong.yaml:5: component \"nameresolution.test\": \"where\" is missing",
              "wrong.yaml:8: component \"nameresolution.test\": \"wher\" is not a setting of this component; did you mean \"where\"?");
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void nameResolversInTwoFilesAreAProblem() {
    var one = configuration("a.yaml", HEAD + "spec: {nameResolution: {component: gossip}}\n");
    var two = configuration("b.yaml", HEAD + "spec: {nameResolution: {component: gossip}}\n");
    assertThat(problems(EmbeddedRuntime.builder("orders").configuration(one).configuration(two)))
        .hasSize(2)
        .contains("b.yaml:4: nameResolution stands at a.yaml:4 already; a runtime has one");
  }

  @Test
  void anUnknownNameResolverIsAProblem() {
    var file = spec("nameResolution: {component: gossip}\n");
    assertThat(problems(EmbeddedRuntime.builder("orders").configuration(file)))
        .singleElement()
        .asString()
        .startsWith(
            "config.yaml:5: component \"nameresolution.gossip\": unknown type \"nameresolution.gossip\"");
  }

  @Test
  void httpEndpointsWithoutTheirArtifactNameIt() {
    files.file("e.yaml", """
        apiVersion: dapr.io/v1alpha1
        kind: HTTPEndpoint
        metadata: {name: payments}
        spec: {baseUrl: "https://pay.example.com"}
        """);
    var missing =
        "nothing on the class path calls HTTP endpoints; add the dependency dev.pillion:pillion-http:"
            + PillionVersion.current();
    assertThat(
            problems(files.builder().endpoint(HttpEndpoint.at("mail", "https://mail.example.com"))))
        .containsExactly(
            "HTTP endpoint \"mail\": " + missing,
            "e.yaml:1: HTTP endpoint \"payments\": " + missing);
    try (var runtime = EmbeddedRuntime.builder("orders").start()) {
      assertThat(catchThrowableOfType(
              InvocationException.class,
              () -> runtime.app("https://pay.example.com").send("m", null)))
          .hasMessageContaining("add the dependency dev.pillion:pillion-http");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "pay, ftp://x",
    "pay, pay.example.com",
    "pay, https://",
    "pay, https://user:secret@x",
    "pay, https://x?a=b",
    "pay, https://x#a",
    "pay, https://x y",
    "p.y, https://x",
    "p/y, https://x",
    "' ', https://x",
  })
  void endpointsThatCannotBeAreRefusedWithoutRepeatingThem(String name, String url) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HttpEndpoint.at(name, url))
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
  }
}
