package people

// cyrillic are languages written in Cyrillic letters.
var cyrillic = []locale{
	{
		language: "ru", share: 48,
		women:    "Анна=anna, Екатерина=ekaterina, Ольга=olga, Татьяна=tatyana, Наталья=natalya, Юлия=yuliya, Ксения=kseniya, Дарья=darya, Людмила=lyudmila, Вера=vera, Алёна=alyona, Полина=polina",
		men:      "Дмитрий=dmitriy, Александр=aleksandr, Сергей=sergey, Андрей=andrey, Алексей=aleksey, Иван=ivan, Михаил=mikhail, Фёдор=fyodor, Никита=nikita, Юрий=yuriy, Владислав=vladislav, Артём=artyom",
		families: "Иванов=ivanov, Смирнов=smirnov, Кузнецов=kuznetsov, Соколов=sokolov, Лебедев=lebedev, Орлов=orlov, Морозов=morozov, Волков=volkov, Зайцев=zaytsev, Никитин=nikitin, Королёв=korolyov, Щукин=shchukin, Белинский=belinskiy, Вишневский=vishnevskiy, Фомин=fomin, Журавлёв=zhuravlyov, Ильин=ilyin, Цветков=tsvetkov, Чернышёв=chernyshyov, Юдин=yudin, Яковлев=yakovlev, Толстых=tolstykh",
		feminine: []ending{{"ов", "ова", "ov", "ova"}, {"ев", "ева", "ev", "eva"}, {"ёв", "ёва", "yov", "yova"}, {"ин", "ина", "in", "ina"}, {"ский", "ская", "skiy", "skaya"}},
		places: []place{
			{"RU", "Moscow", "Москва", "10####"}, {"RU", "Saint Petersburg", "Санкт-Петербург", "19####"}, {"RU", "Kazan", "Казань", "42####"}, {"RU", "Novosibirsk", "Новосибирск", "63####"}, {"KZ", "Almaty", "Алматы", "05####"}, {"KG", "Bishkek", "Бишкек", "7200##"},
		},
	},
	{
		language: "uk", share: 26,
		women:    "Олена=olena, Оксана=oksana, Ірина=iryna, Наталія=nataliia, Юлія=yuliia, Софія=sofiia, Злата=zlata, Ганна=hanna, Соломія=solomiia, Марія=mariia, Дарина=daryna, Катерина=kateryna",
		men:      "Андрій=andrii, Олександр=oleksandr, Тарас=taras, Богдан=bohdan, Ігор=ihor, Дмитро=dmytro, Микола=mykola, Юрій=yurii, Остап=ostap, Сергій=serhii, Євген=yevhen, Мар'ян=marian",
		families: "Шевченко=shevchenko, Коваленко=kovalenko, Бондаренко=bondarenko, Ткаченко=tkachenko, Кравчук=kravchuk, Мельник=melnyk, Поліщук=polishchuk, Лисенко=lysenko, Петренко=petrenko, Савчук=savchuk, Ковальський=kovalskyi, Левицький=levytskyi, Вишневецький=vyshnevetskyi, Гнатюк=hnatiuk, Яценко=yatsenko, Іваненко=ivanenko, Гончар=honchar, Їжак=yizhak, Назаренко=nazarenko, Дем'янчук=demianchuk, Зінченко=zinchenko",
		feminine: []ending{{"ський", "ська", "skyi", "ska"}, {"цький", "цька", "tskyi", "tska"}},
		places: []place{
			{"UA", "Kyiv", "Київ", "01###"}, {"UA", "Lviv", "Львів", "79###"}, {"UA", "Odesa", "Одеса", "65###"}, {"UA", "Kharkiv", "Харків", "61###"}, {"PL", "Warsaw", "Варшава", "00-###"},
		},
	},
	{
		language: "bg", share: 9,
		women:    "Мария=mariya, Елена=elena, Ивана=ivana, Цветелина=tsvetelina, Гергана=gergana, Десислава=desislava, Радка=radka, Милена=milena, Снежана=snezhana, Виктория=viktoriya, Ралица=ralitsa, Теодора=teodora",
		men:      "Георги=georgi, Иван=ivan, Димитър=dimitar, Николай=nikolay, Христо=hristo, Стоян=stoyan, Пламен=plamen, Борис=boris, Красимир=krasimir, Калоян=kaloyan, Ангел=angel, Асен=asen",
		families: "Иванов=ivanov, Георгиев=georgiev, Димитров=dimitrov, Петров=petrov, Николов=nikolov, Христов=hristov, Стоянов=stoyanov, Тодоров=todorov, Ангелов=angelov, Желев=zhelev, Колев=kolev, Атанасов=atanasov, Маринов=marinov, Попов=popov, Илиев=iliev, Костов=kostov, Златарски=zlatarski, Цанков=tsankov, Добрев=dobrev, Вълчев=valchev, Щерев=shterev",
		feminine: []ending{{"ов", "ова", "ov", "ova"}, {"ев", "ева", "ev", "eva"}, {"ски", "ска", "ski", "ska"}},
		places: []place{
			{"BG", "Sofia", "София", "1###"}, {"BG", "Plovdiv", "Пловдив", "4000"}, {"BG", "Varna", "Варна", "9000"}, {"BG", "Veliko Tarnovo", "Велико Търново", "5000"},
		},
	},
	{
		language: "sr", share: 9,
		women:    "Милица=milica, Јелена=jelena, Драгана=dragana, Љиљана=ljiljana, Невена=nevena, Сања=sanja, Тијана=tijana, Весна=vesna, Гордана=gordana, Ђурђица=djurdjica, Снежана=snezana, Катарина=katarina",
		men:      "Никола=nikola, Милош=milos, Ђорђе=djordje, Стефан=stefan, Душан=dusan, Љубомир=ljubomir, Немања=nemanja, Жељко=zeljko, Вук=vuk, Бојан=bojan, Растко=rastko, Чедомир=cedomir",
		families: "Јовановић=jovanovic, Петровић=petrovic, Николић=nikolic, Марковић=markovic, Ђорђевић=djordjevic, Стојановић=stojanovic, Илић=ilic, Станковић=stankovic, Павловић=pavlovic, Живковић=zivkovic, Љубичић=ljubicic, Пантић=pantic, Чолић=colic, Шеровић=serovic, Обрадовић=obradovic, Гајић=gajic, Његован=njegovan, Џодан=dzodan, Вуковић=vukovic, Матић=matic, Тодоровић=todorovic",
		places: []place{
			{"RS", "Belgrade", "Београд", "11###"}, {"RS", "Novi Sad", "Нови Сад", "21###"}, {"RS", "Niš", "Ниш", "18###"}, {"BA", "Banja Luka", "Бања Лука", "78###"},
		},
	},
}
