//! What becomes of a valid transaction's writes, case by case. The notation is explained in `notation`.

use expect_test::expect;

use crate::validation::check;

#[test]
fn a_value_without_metadata_keeps_the_metadata_there_is() {
    check(
        "a@3=x+p",
        "put a=y",
        expect![[r#"
        VALID
        cc:a [9,0] y + p
    "#]],
    );
    check(
        "a@3=x+p",
        "meta a=q | put a=y",
        expect![[r#"
        VALID
        VALID
        cc:a [9,1] y + q
    "#]],
    );
    check(
        "a@3=x+p",
        "del a | put a=y",
        expect![[r#"
        VALID
        VALID
        cc:a [9,1] y
    "#]],
    );
    check(
        "c/a@3=x+p",
        "put c/a=y",
        expect![[r#"
        VALID
        cc:c/#a [9,0] #y + p
    "#]],
    );
}

#[test]
fn metadata_alone_keeps_the_value_and_moves_the_version() {
    check(
        "a@3=x+p",
        "meta a=q",
        expect![[r#"
        VALID
        cc:a [9,0] x + q
    "#]],
    );
    check(
        "a@3=x+p",
        "meta a",
        expect![[r#"
        VALID
        cc:a [9,0] x
    "#]],
    );
    check(
        "a@3=x",
        "put a=y | meta a=q",
        expect![[r#"
        VALID
        VALID
        cc:a [9,1] y + q
    "#]],
    );
    check(
        "c/a@3=x",
        "meta c/a=q",
        expect![[r#"
        VALID
        cc:c/#a [9,0] #x + q
    "#]],
    );
}

#[test]
fn metadata_alone_does_nothing_to_a_key_that_is_absent_at_that_point() {
    check(
        "",
        "meta a=q | get a@-",
        expect![[r#"
        VALID
        VALID
    "#]],
    );
    check(
        "a@3=x",
        "del a | meta a=q",
        expect![[r#"
        VALID
        VALID
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "",
        "meta c/a=q",
        expect![[r#"
        VALID
    "#]],
    );
}

#[test]
fn value_and_metadata_together_replace_both() {
    check(
        "a@3=x+p",
        "put a=y meta a=q",
        expect![[r#"
        VALID
        cc:a [9,0] y + q
    "#]],
    );
    check(
        "a@3=x+p",
        "put a=y meta a",
        expect![[r#"
        VALID
        cc:a [9,0] y
    "#]],
    );
    check(
        "",
        "put a=y meta a=q",
        expect![[r#"
        VALID
        cc:a [9,0] y + q
    "#]],
    );
    check(
        "",
        "put c/a=y meta c/a=q",
        expect![[r#"
        VALID
        cc:c/#a [9,0] #y + q
    "#]],
    );
}

#[test]
fn a_deletion_beats_all_else_and_drops_the_metadata() {
    check(
        "a@3=x+p",
        "del a",
        expect![[r#"
        VALID
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "a@3=x+p",
        "del a put a=y meta a=q",
        expect![[r#"
        VALID
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "c/a@3=x",
        "purge c/a",
        expect![[r#"
            VALID
            cc:c/#a [9,0] deleted, purged below [9,0]
        "#]],
    );
    check(
        "c/a@3=x",
        "purge c/a | put c/a=y | meta c/a=p",
        expect![[r#"
            VALID
            VALID
            VALID
            cc:c/#a [9,2] #y + p, purged below [9,0]
        "#]],
    );
}

#[test]
fn an_empty_value_deletes_whatever_the_flag_says() {
    check(
        "a@3=x",
        "put a=",
        expect![[r#"
        VALID
        cc:a [9,0] deleted
    "#]],
    );
    check(
        "c/a@3=x",
        "put c/a=",
        expect![[r#"
        VALID
        cc:c/#a [9,0] deleted
    "#]],
    );
}

#[test]
fn entries_of_one_key_are_added_up_as_fabric_does_it() {
    check(
        "",
        "put a=x put a=y",
        expect![[r#"
        VALID
    "#]],
    );
    check(
        "a@3=old+p",
        "put a=x put a=y",
        expect![[r#"
        VALID
        cc:a [9,0] old
    "#]],
    );
    check(
        "a@3=old+p",
        "put a=x put a=y put a=z",
        expect![[r#"
        VALID
        cc:a [9,0] z
    "#]],
    );
    check(
        "a@3=old+p",
        "del a del a",
        expect![[r#"
        VALID
        cc:a [9,0] old
    "#]],
    );
    check(
        "a@3=old+p",
        "meta a=q meta a",
        expect![[r#"
        VALID
        cc:a [9,0] old + q
    "#]],
    );
    check(
        "c/a@3=old",
        "put c/a=x put c/a=y",
        expect![[r#"
        VALID
        cc:c/#a [9,0] #old
    "#]],
    );
}

#[test]
fn entries_so_many_that_their_sum_wraps_around_stop_nothing() {
    let deletions = "del a ".repeat(32);
    check(
        "a@3=old",
        &deletions,
        expect![[r#"
        VALID
    "#]],
    );
    let values = "put a=x ".repeat(256);
    check(
        "a@3=old+p",
        &values,
        expect![[r#"
        VALID
        cc:a [9,0] x + p
    "#]],
    );
}
