// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.AccessPolicy.AppRules;
import dev.pillion.invocation.AccessPolicy.Rule;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may call what, by Dapr's rules. */
class AccessControlTest {
  private static final CallerIdentity WEB = new CallerIdentity("public", "default", "web");

  private static AccessControl deny(UnaryOperator<AppRules> rules) {
    return new AccessControl(AccessPolicy.denyByDefault().app("web", "default", rules));
  }

  private static boolean http(AccessControl access, String operation, String verb) {
    return allows(access, Optional.of(WEB), operation, verb, true);
  }

  private static boolean grpc(AccessControl access, String operation) {
    return allows(access, Optional.of(WEB), operation, "NONE", false);
  }

  private static boolean allows(
      AccessControl access,
      Optional<CallerIdentity> caller,
      String operation,
      String verb,
      boolean http) {
    var failure = catchThrowableOfType(
        InvocationException.class, () -> access.authorize(caller, operation, verb, http));
    if (failure != null) {
      assertThat(failure.reason()).isEqualTo(InvocationException.Reason.DENIED);
      assertThat(failure.statusCode()).isEqualTo(7);
    }
    return failure == null;
  }

  @ParameterizedTest
  @CsvSource({
    // A literal stands for itself and all below.
    "/foo, foo, true",
    "/foo, foo/bar, true",
    "/foo, foo/bar/baz, true",
    "/foo, foobar, false",
    "/foo, '', false",
    "/foo/bar, foo, false",
    "/foo/bar, foo/bar/x, true",
    "foo, foo, true",
    // One star is one last segment, and the parent.
    "/foo/*, foo/bar, true",
    "/foo/*, foo, true",
    "/foo/*, foo/bar/baz, false",
    "/foo/*/baz, foo/bar/baz, false",
    "/*, foo, true",
    "/*, foo/bar, false",
    "/*, '', true",
    // Two are all that follow, and the parent.
    "/foo/**, foo/bar/baz, true",
    "/foo/**, foo, true",
    "/foo/**, fo, false",
    "/**, anything/at/all, true",
    // Within a segment a star stands for any letters.
    "/ab*c, abc, true",
    "/ab*c, abxyzc, true",
    "/ab*c, abxyz, false",
    "/ab*c, ab/c, false",
    "/ab*c, abc/below, true",
    "/a*b*c, a1b2c, true",
    "/a*b*c, acb, false",
    "/x/*.json, x/a.json, true",
    "/x/*.json, x/a.xml, false",
    "/, '', true",
    "/, a, false",
  })
  void pathsAreComparedBySegments(String rule, String operation, boolean allowed) {
    assertThat(http(deny(app -> app.allow(rule)), operation, "GET")).isEqualTo(allowed);
    assertThat(grpc(deny(app -> app.allow(rule)), operation)).isEqualTo(allowed);
    assertThat(http(
            new AccessControl(
                AccessPolicy.allowByDefault().app("web", "default", app -> app.deny(rule))),
            operation,
            "GET"))
        .isEqualTo(!allowed);
  }

  @Test
  void theFirstSiblingThatFitsIsFollowedAndNobodyGoesBack() {
    var star = deny(app -> app.allow("/a/x*/one").allow("/a/xy/two"));
    assertThat(http(star, "a/xy/one", "GET")).isTrue();
    assertThat(http(star, "a/xy/two", "GET"))
        .as("the first branch has no such leaf")
        .isFalse();
    var turned = deny(app -> app.allow("/a/xy/two").allow("/a/x*/one"));
    assertThat(http(turned, "a/xy/one", "GET")).isFalse();
    assertThat(http(turned, "a/xz/one", "GET")).isTrue();
    var rest = deny(app -> app.deny("/**").allow("/open"));
    assertThat(http(rest, "open", "GET")).isFalse();
  }

  @Test
  void aLiteralAboveHidesWhatIsBelowIt() {
    var access = deny(app -> app.allow("/foo").deny("/foo/secret"));
    assertThat(http(access, "foo/secret", "GET")).isTrue();
  }

  @Test
  void ofOnePathTheFirstRuleCounts() {
    var access = deny(app -> app.allow("/a", "GET").deny("/a", "*").allow("/A", "POST"));
    assertThat(http(access, "a", "GET")).isTrue();
    assertThat(http(access, "a", "POST")).as("the same path over HTTP").isFalse();
    assertThat(grpc(access, "A")).as("another one over gRPC").isTrue();
  }

  @Test
  void anExactVerbOrTheStarCountsAndElseTheAppsDefault() {
    var access = new AccessControl(
        AccessPolicy.denyByDefault().app("web", "default", app -> app.allowByDefault()
            .deny("/a", "PUT", "DELETE")
            .deny("/b")
            .rule(new Rule("/c", Set.of(), false))));
    assertThat(http(access, "a", "PUT")).isFalse();
    assertThat(http(access, "a", "GET")).isTrue();
    assertThat(http(access, "a", "put")).as("verbs are compared as they are").isTrue();
    assertThat(http(access, "b", "PATCH")).isFalse();
    assertThat(http(access, "c", "GET")).as("without verbs it is for gRPC").isTrue();
    assertThat(grpc(access, "c")).isFalse();
    assertThat(grpc(access, "a")).as("whatever the verb").isFalse();
  }

  @Test
  void httpIsComparedInLowerCaseAndGrpcAsItIsWritten() {
    var access = deny(app -> app.allow("/Shop.v1/Get"));
    assertThat(http(access, "shop.V1/GET", "GET")).isTrue();
    assertThat(grpc(access, "/Shop.v1/Get")).isTrue();
    assertThat(grpc(access, "/shop.v1/get")).isFalse();
    assertThat(http(
            new AccessControl(
                AccessPolicy.allowByDefault().app("web", "default", app -> app.deny("/admin"))),
            "ADMIN",
            "GET"))
        .isFalse();
  }

  @Test
  void anHttpCallWithoutVerbHasTheAppsOwnDefaultAlone() {
    UnaryOperator<AppRules> rule = app -> app.allow("/a").deny("/b").deny("/c", "GET");
    var inherited = new AccessControl(AccessPolicy.allowByDefault().app("web", "default", rule));
    assertThat(http(inherited, "a", "NONE"))
        .as("empty denies, though rule and default allow")
        .isFalse();
    assertThat(http(inherited, "other", "NONE")).as("no rule fits").isTrue();
    var own = new AccessControl(AccessPolicy.denyByDefault()
        .app("web", "default", app -> rule.apply(app.allowByDefault())));
    assertThat(http(own, "a", "NONE")).isTrue();
    assertThat(http(own, "b", "NONE"))
        .as("denied for every verb, which Dapr lets pass")
        .isFalse();
    assertThat(http(own, "c", "NONE")).isTrue();
  }

  @Test
  void whoIsNotNamedHasTheDefault() {
    UnaryOperator<AppRules> all = app -> app.allow("/**");
    var access = new AccessControl(AccessPolicy.denyByDefault()
        .app("web", "default", all)
        .trustDomain("corp")
        .app("web", "prod", all));
    assertThat(allows(access, Optional.of(WEB), "a", "GET", true)).isTrue();
    for (var stranger : new CallerIdentity[] {
      new CallerIdentity("public", "default", "Web"),
      new CallerIdentity("public", "default", "other"),
      new CallerIdentity("public", "test", "web"),
      new CallerIdentity("corp", "default", "web"),
      new CallerIdentity("public", "prod", "web"),
    }) {
      assertThat(allows(access, Optional.of(stranger), "a", "GET", true))
          .as(stranger.toString())
          .isFalse();
    }
    assertThat(allows(
            access, Optional.of(new CallerIdentity("corp", "prod", "web")), "a", "GET", true))
        .isTrue();
    assertThat(allows(access, Optional.empty(), "a", "GET", true)).isFalse();
    var open = new AccessControl(
        AccessPolicy.allowByDefault().app("web", "default", app -> app.denyByDefault()));
    assertThat(allows(open, Optional.empty(), "a", "GET", true)).isTrue();
    assertThat(allows(open, Optional.of(WEB), "a", "GET", true)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "/a/*/b, true",
    "/*/b, true",
    "/a/*/*/c, true",
    "/a/*/*b, true",
    "/a/*/b/*, true",
    "/a/*, false",
    "/a/*/*, false",
    "/a/*/**, false",
    "/a/**/b, false",
    "/a/x*/b, false",
    "/a, false",
  })
  void aRuleFitsNothingWhereAStarAloneIsFollowedByMore(String path, boolean nothing) {
    assertThat(OperationTree.fitsNothing(path)).isEqualTo(nothing);
    var access = new AccessControl(
        AccessPolicy.denyByDefault().app("web", "default", app -> app.allow(path)));
    assertThat(
            Stream.of("a", "a/y", "a/y/b", "a/xy/b", "a/b", "y/b", "a/y/y/c", "a/y/b/y", "a/y/yb")
                .noneMatch(method -> allows(access, Optional.of(WEB), method, "GET", true)))
        .isEqualTo(nothing);
  }

  @Test
  void aRefusalHasDaprsWords() {
    var access = new AccessControl(AccessPolicy.denyByDefault());
    assertThat(catchThrowableOfType(
            InvocationException.class,
            () -> access.authorize(Optional.of(WEB), "v1/create", "POST", true)))
        .hasMessage("access control policy has denied access to id: spiffe://public/ns/default/web "
            + "operation: v1/create verb: POST");
    assertThat(catchThrowableOfType(
            InvocationException.class,
            () -> access.authorize(Optional.empty(), "/shop.v1.Shop/Get", "NONE", false)))
        .hasMessage("access control policy has denied access to id:  "
            + "operation: /shop.v1.Shop/Get verb: NONE "
            + "(the caller showed no certificate, so that no rule of an app is for it)");
  }

  /** What is checked is the canonical path, and it is what is run: there is no second form. */
  @ParameterizedTest
  @CsvSource({
    "open/../secret, false",
    "open/./secret/.., true",
    "open//x, true",
    "/open/, true",
    "../../open, true",
    "open%2F..%2Fsecret, false",
    "open/%2e%2e/secret, true",
    "'open\\..\\secret', false",
    "OPEN/x, true",
    "opEn, true",
    "open/..%2Fsecret, true",
    "secret/../open, true",
    "'open ', false",
    "öpen, false",
  })
  void tricksWithPathsAreJudgedInTheFormThatIsRun(String method, boolean allowed) {
    var access = deny(app -> app.allow("/open"));
    var request = InvocationRequest.get(method);
    assertThat(http(access, Methods.bare(request.method()), "GET")).isEqualTo(allowed);
    if (allowed) {
      assertThat(Methods.bare(request.method()).toLowerCase(Locale.ROOT))
          .matches("open(/.*)?")
          .doesNotContain("/../", "//");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a#b", "a?b", "a\u0000b", "a\tb", "a\nb", "a\u007fb"})
  void whatCutsAPathShortIsNoPath(String method) {
    assertThatIllegalArgumentException().isThrownBy(() -> InvocationRequest.get(method));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> AccessPolicy.denyByDefault().app("web", "default", app -> app.allow(method)))
        .withMessageContaining("which no method has");
  }

  @ParameterizedTest
  @CsvSource({
    "/a/, '/a'",
    "/a//b, '/a/b'",
    "/a/./b, '/a/b'",
    "/a/../b, '/b'",
  })
  void aRuleThatNoCallIsComparedWithIsRefused(String path, String instead) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Rule(path, Set.of(), true))
        .withMessageEndingWith("it is \"" + instead + "\"");
  }

  @Test
  void rulesThatCannotBeAreRefused() {
    var policy = AccessPolicy.denyByDefault().app("web", "default", app -> app);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Rule("/a", Set.of("get"), true))
        .withMessageStartingWith("\"get\" is no verb; there are [*, CONNECT, DELETE, GET");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> policy.app("web", "default", app -> app))
        .withMessageContaining("has rules already");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> policy.app("", "default", app -> app))
        .withMessageContaining("app id");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> policy.app("x", " ", app -> app))
        .withMessageContaining("namespace");
    assertThatIllegalArgumentException().isThrownBy(() -> policy.trustDomain(""));
  }
}
